import MerestoneCore

/// Puts one shard's edges in the order of their times, list by list, for what ``TimeOrder`` stores.
///
/// Resident: a MiB or two, and ``bytesPerEdge`` for each edge of the longest list, as many as a portion has.
/// Lists that are longer are sorted part by part: times are counted in ranges, and the column is read once
/// for each range of about a portion.
package struct TimeSorting {
  private let edges: EdgeStore
  private let times: Column
  private let firstEdge: UInt64
  private let spacing: Int
  private let portion: Int

  /// What an edge of a portion takes in memory.
  package static let bytesPerEdge = KeyedPositions.bytesPerEntry

  // Times that are read ahead, and rows that wait.
  private static let ahead = 1 << 16

  /// - Parameters:
  ///   - times: A row per edge, integers, width 1.
  ///   - firstEdge: The id of the shard's first edge.
  ///   - portion: Edges that are sorted at once; the order does not depend on it.
  package init(
    edges: EdgeStore, times: Column, firstEdge: UInt64, spacing: Int, portion: Int = 1 << 16
  ) {
    precondition(edges.edgeCount == times.rows && times.width == 1, "other times")
    precondition(portion > 0, "a portion of nothing")
    self.edges = edges
    self.times = times
    self.firstEdge = firstEdge
    self.spacing = spacing
    self.portion = portion
  }

  /// - Parameter body: Gets the rows of both columns one after the other, those of some edges at a time.
  /// - Throws: ``StorageError`` for damaged files, and what `body` throws.
  /// - Complexity: O(edges), and of a list of *n* portions O(*n*) times as much.
  package func run(
    _ body: (_ positions: Span<UInt32>, _ times: Span<Int64>) throws(StorageError) -> Void
  ) throws(StorageError) {
    var lists = ListEnds(edges)
    let ahead = min(portion, Self.ahead, edges.edgeCount)
    var rows = SortedRows(nextEdge: firstEdge, spacing: spacing, limit: ahead)
    var values = [Int64](repeating: 0, count: ahead)
    var sorted = KeyedPositions(limit: portion)
    // Times are read ahead of the lists.
    var held = 0..<0
    var start = 0
    while start < edges.edgeCount {
      let end = try lists.next()
      guard end > start else { continue }
      if end - start > ahead {
        try sortLong(start..<end, &sorted, &rows, body)
        start = end
        continue
      }
      if end > held.upperBound {
        held = start..<min(start + ahead, edges.edgeCount)
        var span = values.mutableSpan
        try times.copyTimes(of: held, into: &span)
      }
      sorted.begin(end - start)
      let list = values.span.extracting(start - held.lowerBound..<end - held.lowerBound)
      for position in list.indices {
        sorted.append(Self.key(list[position]), at: UInt32(position))
      }
      try rows.append(&sorted, body)
      start = end
    }
    try rows.flush(body)
  }

  /// Smaller for later times.
  private static func key(_ time: Int64) -> UInt64 { ~(UInt64(bitPattern: time) ^ 1 << 63) }

  fileprivate static func time(_ key: UInt64) -> Int64 { Int64(bitPattern: ~key ^ 1 << 63) }

  /// Sorts a list whose times are not read at once.
  private func sortLong(
    _ list: Range<Int>, _ sorted: inout KeyedPositions, _ rows: inout SortedRows,
    _ body: (Span<UInt32>, Span<Int64>) throws(StorageError) -> Void
  ) throws(StorageError) {
    precondition(list.count <= TimeOrder.longestList, "a list whose positions have more bits")
    var (least, most) = list.count > portion ? (UInt64.max, UInt64.min) : (UInt64.min, UInt64.max)
    if list.count > portion {
      try forEachKey(of: list) { key, _ in
        least = min(least, key)
        most = max(most, key)
      }
    }
    // Ranges of keys that are left, the next one last.
    var ranges = [(keys: least...most, count: list.count)]
    while let (keys, count) = ranges.popLast() {
      if count == 0 { continue }
      if keys.lowerBound == keys.upperBound {
        // All equal: in the order of the list, however many.
        sorted.begin(portion)
        try forEachKey(of: list) { (key, position) throws(StorageError) in
          guard key == keys.lowerBound else { return }
          sorted.append(key, at: position)
          guard sorted.count == portion else { return }
          try rows.append(&sorted, body)
          sorted.begin(portion)
        }
        try rows.append(&sorted, body)
      } else if count <= portion {
        sorted.begin(count)
        try forEachKey(of: list) { key, position in
          if keys.contains(key) { sorted.append(key, at: position) }
        }
        try rows.append(&sorted, body)
      } else {
        ranges += try cut(keys, of: list).reversed()
      }
    }
  }

  /// Cuts a range of keys into ranges of up to a portion where it can, ascending.
  private func cut(
    _ keys: ClosedRange<UInt64>, of list: Range<Int>
  ) throws(StorageError) -> [(keys: ClosedRange<UInt64>, count: Int)] {
    let binBits = 12
    let width = UInt64.bitWidth - (keys.upperBound - keys.lowerBound).leadingZeroBitCount
    let shift = UInt64(max(0, width - binBits))
    var counts = [Int](repeating: 0, count: 1 << min(width, binBits))
    try forEachKey(of: list) { key, _ in
      if keys.contains(key) { counts[Int((key - keys.lowerBound) >> shift)] += 1 }
    }
    var ranges: [(keys: ClosedRange<UInt64>, count: Int)] = []
    for (bin, count) in counts.enumerated() where count > 0 {
      let lower = keys.lowerBound + UInt64(bin) << shift
      let upper = min(keys.upperBound - lower, (1 << shift) - 1) + lower
      if let last = ranges.last, last.count + count <= portion {
        ranges[ranges.count - 1] = (last.keys.lowerBound...upper, last.count + count)
      } else {
        ranges.append((lower...upper, count))
      }
    }
    return ranges
  }

  private func forEachKey(
    of list: Range<Int>, _ body: (_ key: UInt64, _ position: UInt32) throws(StorageError) -> Void
  ) throws(StorageError) {
    var values = [Int64](repeating: 0, count: min(list.count, 1 << 13))
    for first in stride(from: list.lowerBound, to: list.upperBound, by: values.count) {
      let part = first..<min(first + values.count, list.upperBound)
      var span = values.mutableSpan
      try times.copyTimes(of: part, into: &span)
      for place in 0..<part.count {
        try body(Self.key(values[place]), UInt32(part.lowerBound - list.lowerBound + place))
      }
    }
  }
}

/// Rows that wait to be handed over.
private struct SortedRows {
  private var nextEdge: UInt64
  private let spacing: UInt64
  private let limit: Int
  private var positions: [UInt32] = []
  private var times: [Int64] = []

  init(nextEdge: UInt64, spacing: Int, limit: Int) {
    self.nextEdge = nextEdge
    self.spacing = UInt64(spacing)
    self.limit = limit
    positions.reserveCapacity(limit)
  }

  /// Adds the next places of a list, which are sorted here.
  mutating func append(
    _ sorted: inout KeyedPositions,
    _ body: (Span<UInt32>, Span<Int64>) throws(StorageError) -> Void
  ) throws(StorageError) {
    sorted.sort()
    for place in 0..<sorted.count {
      if positions.count == limit { try flush(body) }
      positions.append(sorted.position(at: place))
      if nextEdge & (spacing - 1) == 0 { times.append(TimeSorting.time(sorted.key(at: place))) }
      nextEdge += 1
    }
  }

  mutating func flush(
    _ body: (Span<UInt32>, Span<Int64>) throws(StorageError) -> Void
  ) throws(StorageError) {
    try body(positions.span, times.span)
    positions.removeAll(keepingCapacity: true)
    times.removeAll(keepingCapacity: true)
  }
}
