public import MerestoneCore
import MerestoneSampling

/// Mini-batches in order, sampled ahead on threads of their own.
///
/// ```swift
/// let batches = try graph.batches(of: seeds, size: 1024, fanouts: [15, 10, 5])
/// while let batch = try batches.next() { ... }
/// ```
public final class MiniBatches: Sendable {
  /// How many mini-batches there are.
  public let count: Int

  private let stream: BatchStream<NeighborSampler>

  init(count: Int, stream: BatchStream<NeighborSampler>) {
    self.count = count
    self.stream = stream
  }

  /// The next mini-batch; `nil` after the last and after ``cancel()``.
  ///
  /// Any thread may call it: each mini-batch is handed out once, and one thread alone gets them in
  /// order.
  ///
  /// - Throws: ``GraphError/store(message:)`` where a damaged part of the graph was touched, in the
  ///   place of the mini-batch that needed it; ``GraphError/stalled(message:)`` where nothing moves.
  ///   There are no mini-batches after that.
  public func next() throws(GraphError) -> MiniBatch? {
    do throws(SamplingError) {
      return try stream.next()
    } catch {
      throw GraphError(error)
    }
  }

  /// Ends the series before its end: who waits for a mini-batch gets `nil`, and the threads stop at
  /// their next step. Any thread may call it. Letting the mini-batches go does the same and waits for
  /// the threads.
  public func cancel() { stream.cancel() }

  /// Replaces `batch` by the next mini-batch and uses the memory of the old one for a later one:
  /// from a few mini-batches on, no memory is asked for.
  ///
  /// ```swift
  /// var batch = MiniBatch.empty
  /// while try batches.next(&batch) { ... }
  /// ```
  ///
  /// - Returns: Whether there was a next one; `batch` is empty after the last.
  public func next(_ batch: inout MiniBatch) throws(GraphError) -> Bool {
    var used = MiniBatch.empty
    swap(&batch, &used)
    // Whoever takes it must be its only owner, or would copy it.
    stream.recycle(consume used)
    guard let next = try next() else { return false }
    batch = next
    return true
  }
}
