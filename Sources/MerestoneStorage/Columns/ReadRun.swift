/// Rows of one file that are read at once, with what lies between them.
package struct ReadRun {
  /// The rows that are read.
  package private(set) var rows = 0..<0
  /// Those that are wanted, counted from the first that is read, and the places that they go to.
  package private(set) var wanted: [UInt64] = []
  package private(set) var places: [UInt32] = []
  /// Room for the rows.
  package var bytes: [UInt8]

  private let capacity: Int
  private let gap: Int

  // To read an unwanted page costs less than to ask once more.
  private static let gapBytes = 4096

  // What is copied before it is put in its places: less than a core's second cache.
  private static let byteCount = 256 << 10

  package init(rowBytes: Int) {
    capacity = max(1, Self.byteCount / rowBytes)
    gap = Self.gapBytes / rowBytes
    bytes = [UInt8](repeating: 0, count: capacity * rowBytes)
  }

  /// Whether a row, none before the last, can be read with the others.
  package func reaches(_ row: Int) -> Bool {
    rows.isEmpty || (row - rows.upperBound <= gap && row - rows.lowerBound < capacity)
  }

  package mutating func add(_ row: Int, place: UInt32) {
    rows = (rows.isEmpty ? row : rows.lowerBound)..<row + 1
    wanted.append(UInt64(row - rows.lowerBound))
    places.append(place)
  }

  package mutating func clear() {
    rows = 0..<0
    wanted.removeAll(keepingCapacity: true)
    places.removeAll(keepingCapacity: true)
  }
}
