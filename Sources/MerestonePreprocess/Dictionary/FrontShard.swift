import MerestoneCore
import MerestoneStorage

/// One piece, by hash, of the table of ids that were seen lately.
///
/// An open-addressing table of 16 bytes a slot, at most three quarters full, beside the bytes of
/// the strings. The slots of ascending hashes ascend, so that growing is one walk.
///
/// `@unchecked Sendable`: one thread of a loop at a time works on a piece.
final class FrontShard: @unchecked Sendable {
  /// `rank` is ``free`` in an empty slot, and the index in the slice plus ``pending`` for an id
  /// whose rank is not known yet.
  private struct Slot: BitwiseCopyable {
    var tag: UInt32 = 0
    var rank: UInt32 = FrontShard.free
    var payload: UInt64 = 0
  }

  static let free = UInt32.max
  static let pending: UInt32 = 1 << 31

  /// Bits of a hash that choose a piece.
  static let bits = 4

  private var slots = [Slot](repeating: Slot(), count: 64)
  private var arena: [UInt8] = []
  private(set) var count = 0

  // What the current slice brought: indices into it, and the slots of ids that are new.
  private var indices: [UInt32] = []
  private var newIndices: [UInt32] = []
  private var newSlots: [UInt32] = []
  private var record = RecordBuffer()

  /// Whether strings take more than their share, if they have one.
  func isFull(arenaBytes limit: Int) -> Bool { arena.count > limit }
  static let slotBytes = MemoryLayout<Slot>.stride

  @inline(__always) static func tag(_ hash: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: hash &>> 22)
  }

  @inline(__always) private static func home(_ tag: UInt32, _ capacity: Int) -> Int {
    Int(truncatingIfNeeded: (UInt64(tag) &* UInt64(capacity)) &>> 32)
  }

  /// Forgets all ids, and keeps the memory.
  func clear() {
    for index in slots.indices { slots[index] = Slot() }
    arena.removeAll(keepingCapacity: true)
    count = 0
  }

  /// Frees the memory.
  func discard() {
    slots = []
    (arena, indices, newIndices, newSlots) = ([], [], [], [])
  }

  /// Sends ids to their buckets without looking at them, numbered from `firstEntry`.
  static func route(
    _ ids: some IDSource, first: Int, hashes: [UInt64], shard: Int, firstEntry: Int,
    bucketBits: Int, file: BucketFile
  ) throws(StorageError) {
    var record = RecordBuffer()
    let wanted = UInt64(shard)
    for index in hashes.indices where hashes[index] &>> UInt64(64 - Self.bits) == wanted {
      record.clear()
      record.put(entry: firstEntry &+ index)
      ids.put(first &+ index, into: &record)
      try record.append(to: Int(hashes[index] &>> UInt64(64 &- bucketBits)), of: file)
    }
  }

  /// Finds the ids of a slice that belong to this piece, and enters those that are new.
  ///
  /// - Parameters:
  ///   - hashes: The hash of every id of the slice.
  ///   - slotLimit: The number of slots that growing stops at, while they suffice.
  ///   - states: Gets, at the index of each of the piece's ids, the id's rank, or ``pending`` plus
  ///     the index of its first appearance in the slice.
  func find(
    _ ids: some IDSource, first: Int, hashes: [UInt64], shard: Int, slotLimit: Int,
    states: SharedBuffer<UInt32>
  ) {
    indices.removeAll(keepingCapacity: true)
    newIndices.removeAll(keepingCapacity: true)
    newSlots.removeAll(keepingCapacity: true)
    let shift = UInt64(64 - Self.bits)
    let wanted = UInt64(shard)
    for index in hashes.indices where hashes[index] &>> shift == wanted {
      indices.append(UInt32(truncatingIfNeeded: index))
    }
    grow(by: indices.count, limit: slotLimit)
    var slots = self.slots
    self.slots = []
    var arena = self.arena
    self.arena = []
    defer {
      self.slots = slots
      self.arena = arena
    }
    let capacity = slots.count
    var touched: UInt32 = 0
    for start in stride(from: 0, to: indices.count, by: 32) {
      let end = min(start &+ 32, indices.count)
      // Loads that do not depend on each other wait for memory together.
      for place in start..<end {
        touched &+= slots[Self.home(Self.tag(hashes[Int(indices[place])]), capacity)].tag
      }
      for place in start..<end {
        let index = Int(indices[place])
        let tag = Self.tag(hashes[index])
        var slot = Self.home(tag, capacity)
        while true {
          let held = slots[slot]
          if held.rank == Self.free {
            let rank = Self.pending | UInt32(truncatingIfNeeded: index)
            slots[slot] = Slot(
              tag: tag, rank: rank, payload: ids.store(first &+ index, in: &arena))
            newIndices.append(UInt32(truncatingIfNeeded: index))
            newSlots.append(UInt32(truncatingIfNeeded: slot))
            states.withPart(index..<index &+ 1) { $0[0] = rank }
            break
          }
          if held.tag == tag, ids.matches(first &+ index, payload: held.payload, arena: arena) {
            states.withPart(index..<index &+ 1) { $0[0] = held.rank }
            break
          }
          slot &+= 1
          if slot == capacity { slot = 0 }
        }
      }
    }
    count += newIndices.count
    witness = touched
  }

  // Keeps the loads above from being taken for useless.
  private var witness: UInt32 = 0

  /// Notes the ranks of the ids that the slice brought and sends each to its bucket, in order.
  func settle(
    _ ids: some IDSource, first: Int, hashes: [UInt64], ranks: [UInt32], firstEntry: Int,
    bucketBits: Int, file: BucketFile
  ) throws(StorageError) {
    for place in newIndices.indices {
      let index = Int(newIndices[place])
      slots[Int(newSlots[place])].rank = ranks[index]
      record.clear()
      record.put(entry: firstEntry &+ Int(ranks[index]))
      ids.put(first &+ index, into: &record)
      try record.append(to: Int(hashes[index] &>> UInt64(64 &- bucketBits)), of: file)
    }
  }

  private func grow(by added: Int, limit: Int) {
    let needed = (count + added) * 4 / 3 + 1
    guard needed > slots.count else { return }
    let capacity = max(needed, min(limit, slots.count * 2))
    precondition(capacity < 1 << 31, "\(capacity) slots")
    var larger = [Slot](repeating: Slot(), count: capacity)
    for held in slots where held.rank != Self.free {
      var slot = Self.home(held.tag, capacity)
      while larger[slot].rank != Self.free {
        slot &+= 1
        if slot == capacity { slot = 0 }
      }
      larger[slot] = held
    }
    slots = larger
  }
}
