import MerestoneCore
import Synchronization

/// What a member of a group needs while a hop of it is under way, beside its blocks.
struct HopMemory {
  let nodes = Exchange()
  let edges = Exchange()
  /// The lists of the nodes that hops up to this one reached.
  var lists: [EdgeList] = []

  var byteCount: Int { nodes.byteCount + edges.byteCount + lists.byteCapacity }
}

/// Memory that members of a group use in turn, by hop: the last hops take most of it, and few
/// members are there at a time.
final class HopMemories: Sendable {
  /// `@unchecked Sendable`: nobody uses memory that is here.
  private struct Free: @unchecked Sendable {
    var memories: [[HopMemory]]
    var blocks: [[Block]]
  }

  private let free: Mutex<Free>

  init(hops: Int) {
    free = Mutex(
      Free(
        memories: Array(repeating: [], count: hops), blocks: Array(repeating: [], count: hops)))
  }

  func take(_ hop: Int) -> HopMemory {
    struct Taken: @unchecked Sendable { var memory: HopMemory? }
    return free.withLock { Taken(memory: $0.memories[hop].popLast()) }.memory ?? HopMemory()
  }

  func give(_ memory: HopMemory, _ hop: Int) {
    struct Given: @unchecked Sendable { var memory: HopMemory }
    let given = Given(memory: memory)
    free.withLock { $0.memories[hop].append(given.memory) }
  }

  /// A block without weights and times, whose other contents are to be written over.
  func takeBlock(_ hop: Int) -> Block {
    var block = free.withLock { $0.blocks[hop].popLast() } ?? .empty
    block.weights.removeAll(keepingCapacity: true)
    block.sourceTimes.removeAll(keepingCapacity: true)
    return block
  }

  /// Takes the blocks of a mini-batch that is not needed any more.
  func give(_ blocks: inout [Block]) {
    var given: [Block] = []
    swap(&given, &blocks)
    free.withLock { free in
      guard given.count == free.blocks.count else { return }
      while let block = given.popLast() { free.blocks[given.count].append(block) }
    }
  }

  /// Drops what is here.
  func trim() {
    free.withLock { free in
      for hop in free.blocks.indices {
        free.memories[hop] = []
        free.blocks[hop] = []
      }
    }
  }
}
