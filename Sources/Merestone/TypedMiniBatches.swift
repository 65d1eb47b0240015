public import MerestoneCore
import MerestoneSampling

/// Mini-batches of a graph with several node types in order, sampled ahead on threads of their own.
///
/// ```swift
/// let batches = try sampler.batches(of: papers, size: 1024, features: ["paper": "features"])
/// while let batch = try batches.next() { ... }
/// ```
public final class TypedMiniBatches: Sendable {
  /// How many mini-batches there are.
  public let count: Int

  private let stream: TypedBatchStream

  init(count: Int, stream: TypedBatchStream) {
    self.count = count
    self.stream = stream
  }

  /// The next mini-batch; `nil` after the last and after ``cancel()``.
  ///
  /// Any thread may call it: each mini-batch is handed out once, and one thread alone gets them in
  /// order.
  ///
  /// - Throws: As ``MiniBatches/next()``.
  public func next() throws(GraphError) -> TypedMiniBatch? {
    do throws(SamplingError) {
      return try stream.next()
    } catch {
      throw GraphError(error)
    }
  }

  /// Ends the series before its end: see ``MiniBatches/cancel()``.
  public func cancel() { stream.cancel() }
}
