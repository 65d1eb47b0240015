/// Where the requested fields of a chunk's rows begin and end.
struct FieldCuts {
  private let base: Int
  private let slotCount: Int
  private(set) var rowCount = 0
  // Two offsets from `base` for each row and slot; chunks are far below 4 GiB.
  private var bounds: [UInt32] = []
  private var row: [UInt32]

  init(base: Int, slotCount: Int) {
    self.base = base
    self.slotCount = slotCount
    row = [UInt32](repeating: 0, count: 2 * slotCount)
  }

  mutating func reserve(rows: Int) { bounds.reserveCapacity(2 * rows * slotCount) }

  @inline(__always) mutating func set(_ range: Range<Int>, slot: Int) {
    row[2 * slot] = UInt32(truncatingIfNeeded: range.lowerBound &- base)
    row[2 * slot &+ 1] = UInt32(truncatingIfNeeded: range.upperBound &- base)
  }

  @inline(__always) mutating func endRow() {
    bounds.append(contentsOf: row)
    rowCount &+= 1
  }

  @inline(__always) func range(row: Int, slot: Int) -> Range<Int> {
    let index = 2 &* (row &* slotCount &+ slot)
    return base &+ Int(bounds[index])..<base &+ Int(bounds[index &+ 1])
  }

  func bytes(slot: Int) -> Int {
    var sum = 0
    for row in 0..<rowCount { sum += range(row: row, slot: slot).count }
    return sum
  }
}
