import MerestoneCore
import MerestoneSampling

/// A walk through seeds in mini-batches: which seeds each takes, and the draws it is named by.
struct SeedWalk: Sendable {
  /// How many mini-batches there are.
  let count: Int

  private let seedCount: Int
  private let size: Int
  private let permutation: RandomPermutation?
  private let key: RandomKey

  /// - Throws: ``GraphError/badBatchSize(_:)``, and an error for times that are not one for each seed.
  init(
    count seedCount: Int, times: [Int64], size: Int, shuffled: Bool, seed: UInt64, epoch: Int
  ) throws(GraphError) {
    guard size >= 1 else { throw .badBatchSize(size) }
    if !times.isEmpty, times.count != seedCount {
      throw GraphError(.wrongTimeCount(seeds: seedCount, times: times.count))
    }
    self.seedCount = seedCount
    self.size = min(size, max(1, seedCount))
    count = (seedCount + self.size - 1) / self.size
    key = RandomKey(seed: seed, stream: .neighborSampling, epoch: epoch)
    permutation =
      shuffled
      ? RandomPermutation(
        count: seedCount, key: RandomKey(seed: seed, stream: .seedShuffle, epoch: epoch))
      : nil
  }

  /// The places of a mini-batch's seeds.
  func places(of step: Int) -> [Int] {
    (step * size..<min((step + 1) * size, seedCount)).map { permutation?[$0] ?? $0 }
  }

  func key(of step: Int) -> RandomKey {
    var key = key
    key.step = UInt32(truncatingIfNeeded: step)
    return key
  }
}
