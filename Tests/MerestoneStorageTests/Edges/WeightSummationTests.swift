import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneStorage

@Suite("Weight summation")
struct WeightSummationTests {
  let folder = TemporaryFolder()

  /// Lists with the given weights in one shard.
  func summation(
    _ lists: [[Double]], firstEdge: UInt64, spacing: Int, element: ElementType = .f64
  ) throws -> WeightSummation {
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
      path: folder.file("weights.npy"), element: element, rows: count, width: 1)
    let weights = lists.flatMap { $0 }
    if element == .f32 {
      let narrow = weights.map { Float($0) }
      try column.append(narrow.span)
    } else {
      try column.append(weights.span)
    }
    _ = try column.finish()
    return try WeightSummation(
      edges: EdgeStore(path: folder.file("edges.csc")),
      weights: Column.open(path: folder.file("weights.npy")), firstEdge: firstEdge,
      spacing: spacing)
  }

  func run(_ summation: WeightSummation) throws -> (WeightSummation.Outcome, [Double]) {
    var rows: [Double] = []
    let outcome = try summation.run { part, count in
      for index in part.indices { rows.append(part[index]) }
    }
    return (outcome, rows)
  }

  @Test(
    "gives the sums before every edge whose id is a multiple, wherever it is interrupted",
    arguments: 0..<8 as Range<UInt64>)
  func naive(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let lists = (0..<700).map { _ in
      let count = Int.random(in: 0..<4, using: &generator) == 0 ? 90 : 3
      return (0..<Int.random(in: 0...count, using: &generator)).map { _ in
        Double(Float.random(in: seed % 2 == 0 ? 0.1..<1 : 1..<1.001, using: &generator))
      }
    }
    // Ids are 64 bits wide.
    let firstEdge: UInt64 = [0, 5, 1 << 33 + 11, 1 << 40 - 1][Int(seed % 4)]
    for spacing in [1, 2, 16, 64, 4096] {
      var expected: [Double] = []
      var edge = firstEdge
      for list in lists {
        var sum = 0.0
        for weight in list {
          if edge % UInt64(spacing) == 0 { expected.append(sum) }
          sum += weight
          edge += 1
        }
      }
      for portion in [1, 7, 64, 1 << 16] {
        var summation = try summation(
          lists, firstEdge: firstEdge, spacing: spacing, element: seed % 3 == 0 ? .f32 : .f64)
        summation.portion = portion
        let (outcome, rows) = try run(summation)
        #expect(outcome == .complete(everyEdgeCounts: true))
        #expect(rows == expected)
        #expect(
          CumulativeWeights(spacing: spacing, everyEdgeCounts: true).rows(of: firstEdge..<edge)
            .count == rows.count)
      }
    }
  }

  @Test("notices edges that add nothing, weights that are none, and sums that overflow")
  func outcomes() throws {
    func outcome(_ lists: [[Double]]) throws -> WeightSummation.Outcome {
      try run(summation(lists, firstEdge: 3, spacing: 16)).0
    }
    #expect(try outcome([[1, 2], [], [3]]) == .complete(everyEdgeCounts: true))
    #expect(try outcome([[1, 0], [3]]) == .complete(everyEdgeCounts: false))
    #expect(try outcome([[1e20, 1], [3]]) == .complete(everyEdgeCounts: false))
    #expect(try outcome([[1, 2], [3, -0.5, -1]]) == .badWeight(value: -0.5, edge: 3))
    #expect(try outcome([[1, 2], [.infinity]]) == .badWeight(value: .infinity, edge: 2))
    // Not a number is equal to nothing.
    #expect("\(try outcome([[1, .nan], [-1]]))" == "badWeight(value: nan, edge: 1)")
    #expect(try outcome([[], [1e308, 1e308], [1]]) == .overflow(destination: 1))
    #expect(try outcome([[1], [], [1e308, 1e308]]) == .overflow(destination: 2))
  }
}
