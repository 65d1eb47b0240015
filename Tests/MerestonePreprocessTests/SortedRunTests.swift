import MerestoneTestSupport
import Testing

@testable import MerestonePreprocess

@Suite("Sorting the edges of a bucket")
struct SortedRunTests {
  private struct Edge {
    var key: UInt64
    var sequence: UInt64
    var row: [UInt8]
  }

  /// Keys of 44 bits leave room for an index beside them, keys of 56 bits do not.
  @Test(
    "orders rows by ends, relation and place in the input", arguments: [20, 32], [1, 2, 31, 1000])
  func sortsRows(sourceBits: Int, count: Int) {
    for relation in [nil, 1..<3] as [Range<Int>?] {
      sortRows(sourceBits: sourceBits, relation: relation, count: count)
    }
  }

  private func sortRows(sourceBits: Int, relation: Range<Int>?, count: Int) {
    let plan = RoutePlan(
      buckets: [RoutePlan.Bucket(shard: 0, nodes: 0..<1 << 24, edges: count)],
      sourceBits: sourceBits, rowBytes: 4)
    var generator = SplitMix64(seed: UInt64(count + sourceBits))
    // Few ends, so that many edges have the same ones.
    let ends = (0..<count / 3 + 1).map { _ in
      generator.next() >> UInt64(64 - sourceBits - 24)
    }
    let edges = (0..<count).map { place in
      Edge(
        key: ends[Int.random(in: 0..<ends.count, using: &generator)],
        sequence: UInt64(count - place) | (place % 3 == 0 ? 1 << 39 : 0),
        row: [
          UInt8(place % 251), UInt8.random(in: 0..<2, using: &generator),
          UInt8.random(in: 0..<2, using: &generator), 7,
        ])
    }
    var records: [UInt8] = []
    for edge in edges {
      for byte in 0..<plan.keyBytes {
        records.append(UInt8(truncatingIfNeeded: edge.key >> UInt64(8 * byte)))
      }
      for byte in 0..<RoutePlan.sequenceBytes {
        records.append(UInt8(truncatingIfNeeded: edge.sequence >> UInt64(8 * byte)))
      }
      records.append(contentsOf: edge.row)
    }
    func code(_ edge: Edge) -> UInt64 {
      relation == nil ? 0 : UInt64(edge.row[1]) | UInt64(edge.row[2]) << 8
    }
    let expected = edges.sorted {
      ($0.key, code($0), $0.sequence) < ($1.key, code($1), $1.sequence)
    }
    var run = SortedRun()
    // The second time in the memory of the first.
    for _ in 0..<2 {
      run.sort(records, plan: plan, relation: relation)
      #expect(run.count == count)
      #expect(Array(run.keys[..<count]) == expected.map(\.key))
      #expect(run.rows == expected.flatMap(\.row))
    }
  }
}
