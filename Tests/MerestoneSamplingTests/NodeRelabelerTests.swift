import MerestoneCore
import Testing

@testable import MerestoneSampling

@Suite("Numbering the nodes of a mini-batch")
struct NodeRelabelerTests {
  static let nodes = (0..<9000).map { NodeID(UInt64($0 * $0 % 7777)) }

  /// The definition: the place of a node's first appearance among the distinct nodes.
  static func reference(_ sources: [NodeID]) -> (indices: [BlockIndex], nodes: [NodeID]) {
    var places: [NodeID: Int] = [:]
    var nodes: [NodeID] = []
    let indices = sources.map { source in
      if places[source] == nil {
        places[source] = nodes.count
        nodes.append(source)
      }
      return BlockIndex(UInt32(places[source]!))
    }
    return (indices, nodes)
  }

  @Test(
    "gives the definition's numbers with stamps and with a hash table, also past 2^32 nodes in all",
    arguments: [1 << 20, 0], [1, .max - 8000, .max - 20000] as [UInt32])
  func equalsDefinition(stampBytes: Int, firstBase: UInt32) throws {
    var relabeler = NodeRelabeler(
      nodeCount: 7777, stampBudget: ByteCount(stampBytes), firstBase: firstBase)
    for round in 0..<6 {
      let sources = Array(Self.nodes.dropFirst(round * 37))
      let expected = Self.reference(sources)
      relabeler.reset()
      var found: [BlockIndex] = []
      for part in [sources[..<700], sources[700..<701], sources[701...]] {
        var indices: [BlockIndex] = []
        try relabeler.relabel(Array(part), count: part.count, into: &indices)
        found += indices
      }
      #expect(found == expected.indices)
      var nodes: [NodeID] = []
      relabeler.copyNodes(into: &nodes)
      #expect(nodes == expected.nodes)
      #expect(relabeler.count == expected.nodes.count)
    }
  }

  @Test(
    "numbers nodes beyond 2^32 alike",
    arguments: [1, .max - 8000, .max - 20000, .max] as [UInt32], [0, 20, 30, 50] as [UInt64])
  func wide(firstBase: UInt32, shift: UInt64) throws {
    var relabeler = NodeRelabeler(
      nodeCount: .max, stampBudget: ByteCount(1 << 20), firstBase: firstBase)
    for round in 0..<6 {
      let sources = Self.nodes.dropFirst(round * 37).map { NodeID($0.rawValue << shift | 5) }
      let expected = Self.reference(sources)
      relabeler.reset()
      var found: [BlockIndex] = []
      for part in [sources[..<700], sources[700..<701], sources[701...]] {
        var indices: [BlockIndex] = []
        try relabeler.relabel(Array(part), count: part.count, into: &indices)
        found += indices
      }
      #expect(found == expected.indices)
      var nodes: [NodeID] = []
      relabeler.copyNodes(into: &nodes)
      #expect(nodes == expected.nodes)
      #expect(relabeler.count == expected.nodes.count)
    }
  }

  @Test("tells nodes apart whose hashes are alike in all that an entry holds")
  func alike() throws {
    // Multiples of 2^52 differ in the highest bits of the hash alone, which choose the slot; those of the
    // inverse of the multiplier in the lowest ones, which nothing holds.
    let inverse: UInt64 = 0xF1DE_83E1_9937_733D
    #expect(inverse &* 0x9E37_79B9_7F4A_7C15 == 1)
    let sources = (0..<3000 as Range<UInt64>).map { NodeID(inverse &* ($0 * $0 % 1009)) }
    var relabeler = NodeRelabeler(nodeCount: .max, stampBudget: ByteCount(0))
    var indices: [BlockIndex] = []
    relabeler.reset()
    try relabeler.relabel(sources, count: sources.count, into: &indices)
    #expect(indices == Self.reference(sources).indices)
  }
}
