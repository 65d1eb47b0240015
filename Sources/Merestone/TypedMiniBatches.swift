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

  private let stream: BatchStream<TypedNeighborSampler>

  init(count: Int, stream: BatchStream<TypedNeighborSampler>) {
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

  /// Replaces `batch` by the next mini-batch and uses the memory of the old one for a later one: see
  /// ``MiniBatches/next(_:)``.
  public func next(_ batch: inout TypedMiniBatch) throws(GraphError) -> Bool {
    var used = TypedMiniBatch.empty
    swap(&batch, &used)
    // Whoever takes it must be its only owner, or would copy it.
    stream.recycle(consume used)
    guard let next = try next() else { return false }
    batch = next
    return true
  }
}
