/// Positions with a key each, to be put in the order of the keys.
///
/// Its memory is used again: once for all lists that a thread sorts.
package struct KeyedPositions: Sendable {
  private var keys: [UInt64] = []
  private var positions: [UInt32] = []
  private var words: [UInt64] = []
  // Where each place's entry lies among the keys, once they are sorted.
  private var isSorted = false
  private var order: Order = .packed(bits: 0, base: 0)

  private enum Order {
    /// Words of a key less the smallest one, and below it the entry in so many bits.
    case packed(bits: UInt64, base: UInt64)
    /// Words are entries.
    case entries
  }

  private let limit: Int
  private var room = 0

  /// - Parameter limit: No memory is asked for beyond so many entries.
  package init(limit: Int = .max) { self.limit = limit }

  /// Entries that were appended.
  package var count: Int { keys.count }

  /// The bytes that an entry takes.
  package static let bytesPerEntry = 2 * MemoryLayout<UInt64>.size + MemoryLayout<UInt32>.size

  /// Begins anew.
  ///
  /// - Parameter count: The most entries that will be appended; at most the limit.
  package mutating func begin(_ count: Int) {
    precondition(count <= limit, "\(count) entries, at most \(limit)")
    isSorted = false
    keys.removeAll(keepingCapacity: true)
    positions.removeAll(keepingCapacity: true)
    guard count > room else { return }
    room = max(count, min(2 * room, limit))
    // What was there is given back before more is taken.
    (keys, positions, words) = ([], [], [])
    keys.reserveCapacity(room)
    positions.reserveCapacity(room)
    words = [UInt64](repeating: 0, count: room)
  }

  @inline(__always)
  package mutating func append(_ key: UInt64, at position: UInt32) {
    keys.append(key)
    positions.append(position)
  }

  /// Puts smaller keys first, and among equal ones what was appended first.
  /// - Complexity: O(*n* log *n*) comparisons, vectorised where the bits by which keys differ and those
  ///   of *n* are at most 64.
  package mutating func sort() {
    isSorted = true
    let count = keys.count
    precondition(count <= room, "\(count) entries, \(room) were expected")
    var (least, most) = (UInt64.max, UInt64.min)
    for key in keys {
      least = min(least, key)
      most = max(most, key)
    }
    let bits = UInt64(UInt64.bitWidth - UInt64(max(1, count) - 1).leadingZeroBitCount)
    let width = count == 0 ? 0 : UInt64.bitWidth - (most - least).leadingZeroBitCount
    guard width + Int(bits) <= UInt64.bitWidth else {
      order = .entries
      for entry in 0..<count { words[entry] = UInt64(entry) }
      words[..<count].sort { [keys] one, other in
        let (left, right) = (keys[Int(one)], keys[Int(other)])
        return left == right ? one < other : left < right
      }
      return
    }
    order = .packed(bits: bits, base: least)
    for entry in 0..<count { words[entry] = (keys[entry] &- least) &<< bits | UInt64(entry) }
    IntegerSort.sort(&words, count: count)
  }

  /// The position in a place of the order.
  /// - Precondition: ``sort()`` was called.
  @inline(__always)
  package func position(at place: Int) -> UInt32 { positions[entry(at: place)] }

  /// The key in a place of the order.
  /// - Precondition: ``sort()`` was called.
  @inline(__always)
  package func key(at place: Int) -> UInt64 {
    switch order {
    case .packed(let bits, let base): (words[place] &>> bits) &+ base
    case .entries: keys[Int(words[place])]
    }
  }

  @inline(__always)
  private func entry(at place: Int) -> Int {
    precondition(isSorted, "positions that are not sorted")
    return switch order {
    case .packed(let bits, _):
      Int(truncatingIfNeeded: words[place] & ((1 as UInt64) &<< bits &- 1))
    case .entries: Int(words[place])
    }
  }
}
