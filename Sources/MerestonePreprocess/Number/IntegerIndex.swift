/// Finds the position of a raw integer id among distinct ids: nothing to look up where ids are
/// positions, an array where they are dense, else an open-addressing table.
struct IntegerIndex: Sendable {
  private enum Form: Sendable {
    case identity(count: UInt64)
    case dense([UInt32])
    case hashed(keys: [UInt64], positions: [UInt32])
  }

  /// Stands for an id that is not there.
  static let absent = UInt32.max

  private let form: Form

  /// - Precondition: `ids` are distinct and fewer than 2^32 - 1.
  init(_ ids: [UInt64]) {
    let largest = ids.max() ?? 0
    if largest == UInt64(max(ids.count - 1, 0)), Self.ascends(ids) {
      form = .identity(count: UInt64(ids.count))
    } else if largest / 4 < UInt64(ids.count) {
      var positions = [UInt32](repeating: Self.absent, count: Int(largest) + 1)
      for (position, id) in ids.enumerated() { positions[Int(id)] = UInt32(position) }
      form = .dense(positions)
    } else {
      var capacity = 16
      while capacity < ids.count * 2 { capacity *= 2 }
      var keys = [UInt64](repeating: 0, count: capacity)
      var positions = [UInt32](repeating: Self.absent, count: capacity)
      for (position, id) in ids.enumerated() {
        var slot = Self.slot(id, mask: capacity - 1)
        while positions[slot] != Self.absent { slot = (slot &+ 1) & (capacity &- 1) }
        keys[slot] = id
        positions[slot] = UInt32(position)
      }
      form = .hashed(keys: keys, positions: positions)
    }
  }

  /// The identity on `0..<count`.
  init(count: Int) { form = .identity(count: UInt64(count)) }

  private static func ascends(_ ids: [UInt64]) -> Bool {
    for (position, id) in ids.enumerated() where id != UInt64(position) { return false }
    return true
  }

  /// The position of `id`, or ``absent``.
  func position(of id: UInt64) -> UInt32 {
    switch form {
    case .identity(let count): return id < count ? UInt32(id) : Self.absent
    case .dense(let positions):
      return id < UInt64(positions.count) ? positions[Int(id)] : Self.absent
    case .hashed(let keys, let positions):
      return Self.find(id, keys: keys, positions: positions)
    }
  }

  private static func find(_ id: UInt64, keys: [UInt64], positions: [UInt32]) -> UInt32 {
    let mask = keys.count &- 1
    var slot = slot(id, mask: mask)
    while positions[slot] != absent {
      if keys[slot] == id { return positions[slot] }
      slot = (slot &+ 1) & mask
    }
    return absent
  }

  /// Multiplication by 2^64 / golden ratio, top bits first.
  private static func slot(_ id: UInt64, mask: Int) -> Int {
    let mixed = (id ^ id &>> 32) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: mixed &>> 20) & mask
  }
}
