import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneTraining

@Suite("A set of nodes with places")
struct NodeSubsetTests {
  @Test("numbers its members in ascending order", arguments: 0..<20 as Range<UInt64>)
  func placesAscend(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let nodeCount = Int.random(in: 1...700, using: &generator)
    var expected = Set<UInt64>()
    var subset = NodeSubset(nodeCount: nodeCount)
    for _ in 0..<Int.random(in: 0...nodeCount, using: &generator) {
      let node = UInt64.random(in: 0..<UInt64(nodeCount), using: &generator)
      expected.insert(node)
      subset.insert(NodeID(node))
    }
    subset.seal()
    let members = expected.sorted().map { NodeID($0) }
    #expect(subset.count == members.count)
    #expect(subset.members(0..<members.count) == members)
    for (place, node) in members.enumerated() { #expect(subset.place(of: node) == place) }
    if members.count > 3 {
      #expect(subset.members(2..<members.count - 1) == Array(members[2..<members.count - 1]))
    }
    for node in 0..<UInt64(nodeCount) {
      #expect(subset.contains(NodeID(node)) == expected.contains(node))
    }
  }
}
