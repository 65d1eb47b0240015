import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneStorage

@Suite("Time sorting")
struct TimeSortingTests {
  let folder = TemporaryFolder()

  /// Sorts lists with the given times in one shard.
  func sorted(
    _ lists: [[UInt64]], _ element: ElementType, firstEdge: UInt64, spacing: Int, portion: Int
  ) throws -> (positions: [UInt32], times: [Int64]) {
    let count = lists.reduce(0) { $0 + $1.count }
    var edges = try EdgeStoreWriter(
      path: folder.file("edges.csc"), destinationCount: lists.count, edgeCount: count,
      maximumSource: 0)
    let (degrees, sources) = (
      lists.map { UInt64($0.count) }, [UInt64](repeating: 0, count: count)
    )
    try edges.append(inDegrees: degrees.span, sources: sources.span)
    _ = try edges.finish()
    var column = try ColumnWriter(
      path: folder.file("times.npy"), element: element, rows: count, width: 1)
    let bits = lists.flatMap { $0 }
    switch element {
    case .u8:
      let values = bits.map { UInt8($0) }
      try column.append(values.span)
    case .i32:
      let values = bits.map { Int32(truncatingIfNeeded: $0) }
      try column.append(values.span)
    default: try column.append(bits.span)
    }
    _ = try column.finish()
    var (positions, times): ([UInt32], [Int64]) = ([], [])
    try TimeSorting(
      edges: EdgeStore(path: folder.file("edges.csc")),
      times: Column.open(path: folder.file("times.npy")), firstEdge: firstEdge, spacing: spacing,
      portion: portion
    ).run { part, ordered in
      for index in part.indices { positions.append(part[index]) }
      for index in ordered.indices { times.append(ordered[index]) }
    }
    return (positions, times)
  }

  @Test(
    "puts the latest first, and among equal times the earlier in the list, portion by portion",
    arguments: 0..<8)
  func naive(seed: Int) throws {
    var generator = SplitMix64(seed: UInt64(seed))
    let element: ElementType = [.i64, .u64, .i32, .u8][seed % 4]
    let lists = (0..<60).map { _ in
      let count = Int.random(in: 0..<9, using: &generator) == 0 ? 700 : 5
      // Few different times, all of them, or neighbours of the smallest and the largest.
      let kind = Int.random(in: 0..<4, using: &generator)
      return (0..<Int.random(in: 0...count, using: &generator)).map { _ -> UInt64 in
        let any = UInt64.random(in: .min ... .max, using: &generator)
        let bits: UInt64 =
          switch kind {
          case 0: any % 3
          case 1: any
          case 2: (any & 1) << 63 &- (any >> 1 & 1)
          default: 77
          }
        return element == .u8 ? bits & 0xff : bits
      }
    }
    // Ids are 64 bits wide.
    let firstEdge: UInt64 = [0, 5, 1 << 33 + 11, 1 << 40 - 1][seed % 4]
    func time(_ bits: UInt64) -> Int64 {
      switch element {
      case .u64: Int64(clamping: bits)
      case .i32: Int64(Int32(truncatingIfNeeded: bits))
      default: Int64(bitPattern: bits)
      }
    }
    for spacing in [1, 16, 64] {
      var (positions, times): ([UInt32], [Int64]) = ([], [])
      var edge = firstEdge
      for list in lists {
        let order = list.indices.sorted { one, other in
          let (left, right) = (time(list[one]), time(list[other]))
          return left == right ? one < other : left > right
        }
        for position in order {
          positions.append(UInt32(position))
          if edge % UInt64(spacing) == 0 { times.append(time(list[position])) }
          edge += 1
        }
      }
      for portion in [1, 7, 100, 1 << 16] {
        let found = try sorted(
          lists, element, firstEdge: firstEdge, spacing: spacing, portion: portion)
        #expect(found.positions == positions)
        #expect(found.times == times)
        #expect(TimeOrder(spacing: spacing).rows(of: firstEdge..<edge).count == times.count)
      }
    }
  }
}
