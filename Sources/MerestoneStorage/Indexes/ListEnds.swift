import MerestoneCore

/// Where the lists of a shard end, one after the other.
struct ListEnds {
  private let edges: EdgeStore
  private var ends: [UInt64]
  private var first = 0
  private var count = 0
  private var place = 0

  private static let atOnce = 1 << 12

  init(_ edges: EdgeStore) {
    self.edges = edges
    ends = [UInt64](repeating: 0, count: min(Self.atOnce, edges.destinationCount))
  }

  /// The end of the next list.
  mutating func next() throws(StorageError) -> Int {
    if place == count {
      first += count
      count = min(ends.count, edges.destinationCount - first)
      guard count > 0 else { throw edges.listsEnd(before: edges.edgeCount - 1) }
      place = 0
      let (edges, lists) = (edges, first + 1..<first + count + 1)
      var span = ends.mutableSpan
      try edges.decodeOffsets(lists, into: &span, adding: 0)
      edges.drop()
    }
    defer { place += 1 }
    return Int(ends[place])
  }
}
