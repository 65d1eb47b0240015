import MerestoneStorage

/// The distinct ids of one bucket, each with the entry where it appeared first.
struct BucketTable {
  private struct Slot: BitwiseCopyable {
    var tag: UInt32
    var place: UInt32
    var entry: Int
  }

  /// What became of an id.
  enum Outcome {
    case first
    case repeated(firstEntry: Int)
    /// There is no room for another id.
    case full
  }

  private var slots: [Slot] = []
  private var arena: [UInt8] = []
  private var count = 0

  private static let vacant = Slot(tag: 0, place: 0, entry: -1)

  mutating func clear() {
    if slots.isEmpty { slots = [Slot](repeating: Self.vacant, count: 1024) }
    if count > 0 { for index in slots.indices { slots[index] = Self.vacant } }
    arena.removeAll(keepingCapacity: true)
    count = 0
  }

  /// Finds an id, or enters it where it is new.
  /// - Parameter byteLimit: What the table may use, about.
  mutating func intern(_ id: RawSpan, hash: UInt64, entry: Int, byteLimit: Int) -> Outcome {
    if count &* 4 >= slots.count &* 3 { growWhereAllowed(byteLimit) }
    let tag = FrontShard.tag(hash)
    let capacity = slots.count
    var slot = Int(truncatingIfNeeded: (UInt64(tag) &* UInt64(capacity)) &>> 32)
    while true {
      let held = slots[slot]
      if held.entry < 0 { break }
      if held.tag == tag, IDArena.equals(id, at: Int(held.place), in: arena) {
        return .repeated(firstEntry: held.entry)
      }
      slot &+= 1
      if slot == capacity { slot = 0 }
    }
    // A lone slot stays vacant, so that searches end.
    guard count &* 8 < slots.count &* 7, arena.count &* 2 < max(byteLimit / 2, 1 << 10),
      arena.count &+ id.byteCount < Int(UInt32.max) &- 16
    else { return .full }
    slots[slot] = Slot(tag: tag, place: UInt32(arena.count), entry: entry)
    _ = IDArena.store(id, in: &arena)
    count &+= 1
    return .first
  }

  private mutating func growWhereAllowed(_ byteLimit: Int) {
    let capacity = slots.count * 2
    guard capacity * MemoryLayout<Slot>.stride * 3 / 2 <= byteLimit / 2, capacity < 1 << 31 else {
      return
    }
    var larger = [Slot](repeating: Self.vacant, count: capacity)
    for held in slots where held.entry >= 0 {
      var slot = Int(truncatingIfNeeded: (UInt64(held.tag) &* UInt64(capacity)) &>> 32)
      while larger[slot].entry >= 0 {
        slot &+= 1
        if slot == capacity { slot = 0 }
      }
      larger[slot] = held
    }
    slots = larger
  }
}
