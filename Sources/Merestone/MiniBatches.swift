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

  private let prefetcher: Prefetcher<MiniBatch, SamplingError>

  init(
    topology: Topology, seeds: [NodeID], permutation: RandomPermutation?, size: Int,
    fanouts: [Int], key: RandomKey, threads: Int
  ) {
    let size = min(size, max(1, seeds.count))
    count = (seeds.count + size - 1) / size
    prefetcher = Prefetcher(count: count, threads: threads, window: 2 * max(1, threads)) {
      () throws(SamplingError) in
      var sampler = try NeighborSampler(topology: topology, fanouts: fanouts)
      return { step throws(SamplingError) in
        let range = step * size..<min((step + 1) * size, seeds.count)
        var stepKey = key
        stepKey.step = UInt32(truncatingIfNeeded: step)
        return try sampler.sample(
          seeds: range.map { seeds[permutation?[$0] ?? $0] }, key: stepKey)
      }
    }
  }

  /// The next mini-batch; `nil` after the last.
  ///
  /// Any thread may call it: each mini-batch is handed out once, and one thread alone gets them in
  /// order.
  ///
  /// - Throws: ``GraphError/store(message:)`` where a damaged part of the graph was touched; there
  ///   are no mini-batches after that.
  public func next() throws(GraphError) -> MiniBatch? {
    do throws(SamplingError) {
      return try prefetcher.next()
    } catch {
      throw GraphError(error)
    }
  }
}
