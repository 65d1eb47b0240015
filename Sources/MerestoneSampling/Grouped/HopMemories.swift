import MerestoneCore
import Synchronization

/// What a member of a group needs while a hop of it is under way, beside its blocks.
struct HopMemory: Sendable {
  /// Shape `[relations]`.
  var relations: [RelationMemory]

  init(relations count: Int) { relations = (0..<count).map { _ in RelationMemory() } }

  var byteCount: Int { relations.reduce(0) { $0 + $1.byteCount } }
}

/// The part of one relation.
///
/// `@unchecked Sendable`: one member at a time has it.
struct RelationMemory: @unchecked Sendable {
  let nodes: Exchange
  let edges: Exchange
  /// The lists of the destinations of hops before this one; and of this one's, where another follows.
  var lists: [EdgeList] = []

  init() {
    nodes = Exchange()
    edges = Exchange(after: nodes)
  }

  fileprivate var byteCount: Int { nodes.byteCount(with: edges) + lists.byteCapacity }
}

/// Memory that members of a group use in turn, by hop: the last hops take most of it, and few
/// members are there at a time.
final class HopMemories: Sendable {
  private struct Free {
    var memories: [[HopMemory]]
    var blocks: [[HopBlock]]

    init(hops: Int) {
      memories = Array(repeating: [], count: hops)
      blocks = Array(repeating: [], count: hops)
    }
  }

  private let free: Mutex<Free>
  private let shape: BatchShape

  init(_ shape: BatchShape) {
    self.shape = shape
    free = Mutex(Free(hops: shape.hops))
  }

  func take(_ hop: Int) -> HopMemory {
    free.withLock { $0.memories[hop].popLast() } ?? HopMemory(relations: shape.relations.count)
  }

  func give(_ memory: HopMemory, _ hop: Int) {
    free.withLock { $0.memories[hop].append(memory) }
  }

  /// A block without weights and times, whose other contents are to be written over.
  func takeBlock(_ hop: Int) -> HopBlock {
    var block = free.withLock { $0.blocks[hop].popLast() } ?? HopBlock(shape)
    for place in block.edges.indices {
      block.edges[place].weights.removeAll(keepingCapacity: true)
    }
    for type in block.sourceTimes.indices {
      block.sourceTimes[type].removeAll(keepingCapacity: true)
    }
    return block
  }

  /// Takes the blocks of a mini-batch that is not needed any more.
  func give(_ blocks: inout [HopBlock]) {
    var given: [HopBlock] = []
    swap(&given, &blocks)
    free.withLock { free in
      guard given.count == free.blocks.count else { return }
      while let block = given.popLast() { free.blocks[given.count].append(block) }
    }
  }

  /// Calls `body` while nothing is here; what it leaves is dropped.
  func withoutAny<E: Error>(_ body: () throws(E) -> Void) throws(E) {
    let kept = free.withLock { free in
      defer { free = Free(hops: shape.hops) }
      return free
    }
    defer { free.withLock { $0 = kept } }
    try body()
  }

  /// Keeps memory for as many members of every hop, and drops what is here beyond it.
  func trim(to size: Int) {
    free.withLock { free in
      for hop in free.blocks.indices {
        free.memories[hop].removeLast(max(0, free.memories[hop].count - size))
        free.blocks[hop].removeLast(max(0, free.blocks[hop].count - size))
      }
    }
  }
}
