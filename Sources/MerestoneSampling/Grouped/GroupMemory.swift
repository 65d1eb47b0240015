import MerestoneCore
import Synchronization

/// What groups of mini-batches are made in: a series leaves it to the next one of the same kind.
final class GroupMemory: Sendable {
  /// What takes memory of one size.
  struct Kind: Equatable, Sendable {
    /// By relation.
    var fanouts: [[Int]]
    /// Seeds of a mini-batch.
    var batchSize: Int
    /// By type; all nodes and times where the scheme is temporal.
    var nodeCounts: [Int]
    /// For each thread's tables over nodes.
    var stampBudget: ByteCount
    var sizes: GroupSampler.BucketSizes
  }

  /// Mini-batches that are not begun.
  struct Idle: Sendable {
    var members: [GroupMember] = []
    /// What one took at most after each hop; 0 where none has come so far.
    var byteCounts: [Int]
    /// What they were expected to take by some of their seeds.
    private var estimates: [Int]

    init(hops: Int) {
      byteCounts = Array(repeating: 0, count: hops)
      estimates = byteCounts
    }

    /// What one may take after a hop: what others took, and more by as much as some of its seeds take
    /// more than some of theirs.
    func scaled(_ estimates: [Int], _ hop: Int) -> Int {
      guard self.estimates[hop] > 0 else { return max(byteCounts[hop], estimates[hop]) }
      let times = max(1, Double(estimates[hop]) / Double(self.estimates[hop]))
      return Int(Double(byteCounts[hop]) * times)
    }

    mutating func raiseEstimates(to others: [Int]) {
      for hop in estimates.indices { estimates[hop] = max(estimates[hop], others[hop]) }
    }
  }

  let kind: Kind
  let spaces: HopMemories
  let buffers: PageBufferPool
  let relabelers: GroupRelabelers
  /// Between two series.
  let idle: Mutex<Idle>

  init(_ kind: Kind, _ shape: BatchShape) {
    self.kind = kind
    spaces = HopMemories(shape)
    buffers = PageBufferPool(kind.sizes)
    relabelers = GroupRelabelers(nodeCounts: kind.nodeCounts, stampBudget: kind.stampBudget)
    idle = Mutex(Idle(hops: shape.hops))
  }
}
