/// Sums by label, for one node's neighbourhood at a time: a hash table that is emptied by what was
/// put in.
struct LabelTally {
  private var keys: [UInt32]
  private var sums: [UInt32]
  private var mask: Int
  /// The slots in use, in order of first use.
  private var used: [Int32] = []

  /// Stands for "no label".
  static let none = UInt32.max

  init() {
    keys = Array(repeating: Self.none, count: 256)
    sums = Array(repeating: 0, count: 256)
    mask = 255
    used.reserveCapacity(256)
  }

  /// Makes room for `count` labels; the tally is empty.
  mutating func prepare(_ count: Int) {
    guard 2 * count > keys.count else { return }
    var size = keys.count
    while size < 2 * count { size *= 2 }
    keys = Array(repeating: Self.none, count: size)
    sums = Array(repeating: 0, count: size)
    mask = size - 1
  }

  @inline(__always)
  mutating func add(_ weight: UInt32, to label: UInt32) {
    var slot = Int(truncatingIfNeeded: (UInt64(label) &* 0x9E37_79B9_7F4A_7C15) &>> 40) & mask
    while keys[slot] != label {
      if keys[slot] == Self.none {
        keys[slot] = label
        used.append(Int32(truncatingIfNeeded: slot))
        break
      }
      slot = (slot &+ 1) & mask
    }
    sums[slot] &+= weight
  }

  /// Hands out every label with its sum, in order of first use, and empties the tally.
  @inline(__always)
  mutating func drain(_ body: (UInt32, UInt32) -> Void) {
    for slot in used {
      let slot = Int(slot)
      body(keys[slot], sums[slot])
      keys[slot] = Self.none
      sums[slot] = 0
    }
    used.removeAll(keepingCapacity: true)
  }
}
