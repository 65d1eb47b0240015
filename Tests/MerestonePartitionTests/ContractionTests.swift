import MerestoneCore
import MerestoneStorage
import MerestoneTestSupport
import Testing

@testable import MerestonePartition

@Suite("Contracting lists of neighbours")
struct ContractionTests {
  /// Lists as they are given, mirrored or not.
  struct Lists: NeighborSource {
    let lists: [[UInt32]]

    var nodeCount: Int { lists.count }
    var entryCount: Int { lists.reduce(0) { $0 + $1.count } }
    var blockCount: Int { 1 }
    func nodes(ofBlock block: Int) -> Range<Int> { 0..<lists.count }
    func read(_ block: Int, into scratch: inout NeighborScratch) throws(StorageError) {
      scratch.prepare(nodes: lists.count, entries: entryCount)
      for (node, list) in lists.enumerated() {
        scratch.offsets[node + 1] = scratch.offsets[node] + UInt32(list.count)
        let place = Int(scratch.offsets[node])
        scratch.neighbors.replaceSubrange(place..<place + list.count, with: list)
      }
    }
  }

  /// The weight of every pair of clusters, by the lists that it is in.
  private func weights(_ graph: WeightedGraph) -> [[UInt32]: UInt32] {
    var weights: [[UInt32]: UInt32] = [:]
    for node in 0..<graph.count {
      for entry in graph.offsets[node]..<graph.offsets[node + 1] {
        weights[[UInt32(node), graph.neighbors[entry]]] = graph.weights[entry]
      }
    }
    return weights
  }

  private func contract(
    _ lists: [[UInt32]], labels: [UInt32], isMirrored: Bool = true
  ) throws -> WeightedGraph {
    try Contraction.contract(
      Lists(lists: lists), Clusters(labels: labels) { lists[$0].isEmpty },
      inDegrees: lists.map { UInt32($0.count) }, train: nil, isMirrored: isMirrored)
  }

  @Test("whole lists keep their weights")
  func whole() throws {
    // A triangle with a doubled edge, and a node that has none.
    let graph = try contract(
      [[1, 1, 2], [0, 0, 2], [0, 1], []], labels: [0, 1, 2, 3])
    #expect(graph.count == 3)
    #expect(
      weights(graph) == [
        [0, 1]: 2, [1, 0]: 2, [0, 2]: 1, [2, 0]: 1, [1, 2]: 1, [2, 1]: 1,
      ])
    #expect(graph.nodes == [1, 1, 1])
  }

  @Test("an edge in the list of one end only weighs the same at both")
  func sampled() throws {
    // A hub that has lost all neighbours but one.
    let lists: [[UInt32]] = [[3], [0], [0], [0, 2], []]
    let graph = try contract(lists, labels: [0, 1, 2, 3, 4])
    #expect(
      weights(graph) == [
        [0, 1]: 1, [1, 0]: 1, [0, 2]: 1, [2, 0]: 1, [0, 3]: 2, [3, 0]: 2, [2, 3]: 1, [3, 2]: 1,
      ])
    // As given, where nobody asks for more.
    #expect(try contract(lists, labels: [0, 1, 2, 3, 4], isMirrored: false).neighbors.count == 5)
    let halves = try contract(lists, labels: [0, 0, 2, 2, 4])
    #expect(weights(halves) == [[0, 1]: 3, [1, 0]: 3])
    #expect(halves.nodes == [2, 2] && halves.edges == [2, 3])
  }

  @Test("random lists that are a sample become mirrors")
  func mirrors() throws {
    var generator = SplitMix64(seed: 3)
    let lists = (0..<200).map { node in
      (0..<Int.random(in: 1..<20, using: &generator)).map { _ in
        (UInt32(node) + UInt32.random(in: 1..<200, using: &generator)) % 200
      }
    }
    let labels = (0..<200).map { _ in UInt32.random(in: 0..<40, using: &generator) }
    let weights = weights(try contract(lists, labels: labels))
    #expect(!weights.isEmpty)
    for (pair, weight) in weights { #expect(weights[[pair[1], pair[0]]] == weight) }
  }
}
