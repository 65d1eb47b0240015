import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling

@Suite("Finding edges by their ends")
struct EdgeFinderTests {
  @Test("finds all parallel edges of a pair, and none where there is none", arguments: [1, 3])
  func findsAll(shards: Int) throws {
    let folder = TemporaryFolder()
    // Node 3 is a hub over several pages; node 5 has 9,000 parallel edges from node 2.
    var lists: [[UInt64]] = [[], [0], [1, 1, 1, 4], (0..<13_000).map { $0 / 1700 }, [4, 5], []]
    lists[5] = [0] + [UInt64](repeating: 2, count: 9000) + [4, 4]
    lists += [[], [6]]
    var graph = TestGraph(lists: lists)
    graph.cut(into: shards)
    let pairs = (0..<64).map { (source: UInt64($0 % 8), destination: UInt64($0 / 8)) }
    for topology in try NeighborSamplerTests.topologies(graph, in: folder) {
      var finder = EdgeFinder(topology)
      var found: [EdgeList] = []
      try finder.find(
        pairs.map { NodeID($0.source) }, pairs.map { NodeID($0.destination) }, into: &found)
      #expect(found.count == pairs.count)
      for (pair, run) in zip(pairs, found) {
        let list = lists[Int(pair.destination)]
        let positions = list.indices.filter { list[$0] == pair.source }
        #expect(Int(run.count) == positions.count)
        if let first = positions.first {
          #expect(Int(run.start) == graph.indptr[Int(pair.destination)] + first)
        }
      }
      #expect(try finder.contains([], []) == [])
    }
  }

  @Test("asks for edges of the edge set")
  func filtered() throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(lists: [[1, 1, 2], [0], []])
    graph.edgeSplits = [.test, .train, .test, .none]
    for topology in try NeighborSamplerTests.topologies(graph, edgeSet: .message, in: folder) {
      var finder = EdgeFinder(topology)
      let answers = try finder.contains(
        [1, 2, 0, 0].map { NodeID($0) }, [0, 0, 1, 2].map { NodeID($0) })
      #expect(answers == [true, false, true, false])
    }
  }
}
