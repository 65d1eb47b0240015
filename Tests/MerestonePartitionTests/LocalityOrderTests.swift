import MerestoneCore
import MerestonePartition
import MerestoneTestSupport
import Testing

@Suite("Orders by locality")
struct LocalityOrderTests {
  func neighbors(_ edges: EdgeList, blockNodes: Int = 1 << 16) -> InMemoryNeighbors {
    InMemoryNeighbors(
      nodeCount: edges.nodeCount, sources: edges.sources, destinations: edges.destinations,
      blockNodes: blockNodes)
  }

  @Test("two cliques come one after the other, nodes without edges last")
  func cliques() throws {
    // Even and odd numbers below 12; 12 and 13 have no edges.
    let pairs = (0..<12).flatMap { a in
      (0..<12).filter { $0 > a && $0 % 2 == a % 2 }.map { (UInt32(a), UInt32($0)) }
    }
    let edges = EdgeList(14, pairs)
    let sequence = try LocalityOrder.sequence(of: neighbors(edges), inDegrees: edges.inDegrees)
    #expect(sequence.suffix(2) == [12, 13])
    let parities = sequence.prefix(12).map { $0 % 2 }
    #expect(zip(parities, parities.dropFirst()).count { $0 != $1 } == 1)
  }

  @Test("is a permutation, whatever the blocks", arguments: 0..<10 as Range<UInt64>)
  func permutation(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let nodes = Int.random(in: 1...500, using: &generator)
    let edges = EdgeList.random(
      nodes: nodes, edges: Int.random(in: 0...2000, using: &generator), seed: seed)
    let sequence = try LocalityOrder.sequence(of: neighbors(edges), inDegrees: edges.inDegrees)
    #expect(sequence.sorted() == (0..<UInt32(nodes)).map { $0 })
    #expect(
      try LocalityOrder.sequence(
        of: neighbors(edges, blockNodes: 13), inDegrees: edges.inDegrees) == sequence)
  }

  @Test("auto chooses locality for scattered communities and says so")
  func choosesLocality() throws {
    // 64 communities of 64 nodes, dense inside, scattered over the numbers.
    let edges = EdgeList.planted(nodes: 4096, edges: 60_000, communities: 64, seed: 3)
    let choice = try OrderChoice(
      neighbors: neighbors(edges), inDegrees: edges.inDegrees, pool: ThreadPool(threads: 2))
    #expect(choice.ordering == .locality)
    #expect(choice.bits.map(\.bits) == choice.bits.map(\.bits).sorted())
    #expect(choice.reason.contains("auto chose the locality order"))
    #expect(choice.reason.contains("degree ") && choice.reason.contains("input "))
  }

  @Test("auto keeps an input that is in order already")
  func keepsInput() throws {
    let pairs = (0..<20_000).map { (UInt32($0), UInt32(($0 + 1) % 20_000)) }
    let edges = EdgeList(20_000, pairs)
    let choice = try OrderChoice(
      neighbors: neighbors(edges), inDegrees: edges.inDegrees, pool: ThreadPool(threads: 2))
    // All degrees are equal, so the degree order is the input's, and comes first.
    #expect(choice.ordering == .degree)
  }

  @Test("graphs without edges cost nothing")
  func empty() throws {
    for nodes in [0, 3] {
      let edges = EdgeList(nodes, [])
      let choice = try OrderChoice(
        neighbors: neighbors(edges), inDegrees: edges.inDegrees, pool: ThreadPool(threads: 1))
      #expect(choice.ordering == .degree && choice.bits.allSatisfy { $0.bits == 0 })
    }
  }
}
