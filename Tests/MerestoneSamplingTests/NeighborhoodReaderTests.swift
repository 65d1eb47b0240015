import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling

@Suite("Reading whole neighbourhoods")
struct NeighborhoodReaderTests {
  @Test(
    "gives all allowed in-edges once, in parts that are no larger than asked for",
    arguments: 0..<6 as Range<UInt64>)
  func parts(seed: UInt64) throws {
    let folder = TemporaryFolder()
    var graph = TestGraph(nodes: 90, meanInDegree: 11, shards: 1 + Int(seed) % 3, seed: seed)
    if seed % 2 == 0 {
      graph.edgeSplits = (0..<graph.edgeCount).map { Split.allCases[$0 * 7 % 4] }
    }
    let nodes = [70, 3, 4, 5, 89, 0, 41].map { NodeID($0) }
    for topology in try NeighborSamplerTests.topologies(
      graph, edgeSet: seed % 2 == 0 ? .message : .all, in: folder)
    {
      var sampler = try NeighborSampler(topology: topology, fanouts: [-1])
      let whole = try sampler.sample(seeds: nodes, key: NeighborSamplerTests.key).blocks[0]
      var reader = NeighborhoodReader(topology)
      let degrees = try reader.inDegrees(of: nodes)
      let sampled = try sampler.inDegrees(of: nodes)
      #expect(degrees == sampled)
      for edgeLimit in [1, 2, 5, 30, 1000] {
        var edges = [[EdgeID]](repeating: [], count: nodes.count)
        var sources = [[NodeID]](repeating: [], count: nodes.count)
        var block = Block.empty
        var last = 0
        try reader.begin(nodes)
        while let places = try reader.readPart(edgeLimit: edgeLimit, into: &block) {
          #expect(places.lowerBound == last || places.lowerBound == last - 1)
          last = places.upperBound
          #expect(block.edgeCount <= edgeLimit)
          #expect(block.destinations.elementsEqual(nodes[places]))
          #expect(Set(block.sources).count == block.sources.count)
          for (row, place) in places.enumerated() {
            let range = block.indptr[row]..<block.indptr[row + 1]
            edges[place] += block.edges[range]
            sources[place] += block.indices[range].map { block.sources[Int($0.rawValue)] }
          }
        }
        #expect(last == nodes.count)
        for place in nodes.indices {
          let range = whole.indptr[place]..<whole.indptr[place + 1]
          #expect(degrees[place] == range.count)
          #expect(edges[place] == Array(whole.edges[range]))
          #expect(sources[place] == whole.indices[range].map { whole.sources[Int($0.rawValue)] })
        }
      }
    }
  }
}
