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
    idle = Mutex(Idle(byteCounts: Array(repeating: 0, count: shape.hops)))
  }
}
