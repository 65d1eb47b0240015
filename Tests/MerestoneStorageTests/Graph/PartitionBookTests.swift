import FoundationEssentials
import MerestoneCore
import MerestoneStorage
import MerestoneTestSupport
import Testing

@Suite("The partition book")
struct PartitionBookTests {
  @Test("finds owners by the boundaries, past empty shards")
  func drawn() throws {
    let book = try PartitionBook(
      nodeBounds: [[0, 3, 3, 5], [0, 0, 1, 1]], edgeBounds: [[0, 10, 10, 12]])
    #expect(book.shardCount == 3)
    #expect(book.bytes == 3 * 4 * 8)
    let type = NodeTypeID(0)
    let owners = (0..<5).map { book.locate(NodeID($0), type: type)! }
    #expect(owners.map(\.shard.rawValue) == [0, 0, 0, 2, 2])
    #expect(owners.map(\.local.rawValue) == [0, 1, 2, 0, 1])
    #expect(book.locate(NodeID(5), type: type) == nil)
    #expect(book.locate(NodeID(0), type: NodeTypeID(1))?.shard == ShardID(1))
    #expect(book.locate(edge: EdgeID(11), relation: RelationID(0))?.shard == ShardID(2))
    #expect(book.locate(edge: EdgeID(11), relation: RelationID(0))?.position == 1)
    #expect(book.nodes(of: type, in: ShardID(1)) == 3..<3)
    #expect(book.edges(of: RelationID(0), in: ShardID(2)) == 10..<12)
    #expect(book.nodeCount(of: NodeTypeID(1)) == 1)
    #expect(book.edgeCount(of: RelationID(0)) == 12)
  }

  @Test("is exact past 2^32 and up to 2^63 - 1")
  func large() throws {
    let top = UInt64(Int.max)
    let bounds: [UInt64] = [0, 1 << 32, (1 << 32) + 1, 1 << 62, top - 1, top]
    let book = try PartitionBook(nodeBounds: [bounds], edgeBounds: [bounds])
    for shard in 0..<5 {
      for id in [bounds[shard], bounds[shard + 1] - 1] {
        let owner = try #require(book.locate(NodeID(id), type: NodeTypeID(0)))
        #expect(owner.shard.rawValue == shard)
        #expect(owner.local.rawValue == id - bounds[shard])
        let owned = book.nodes(of: NodeTypeID(0), in: owner.shard)
        #expect(owned.lowerBound + owner.local.rawValue == id)
        let edge = try #require(book.locate(edge: EdgeID(id), relation: RelationID(0)))
        #expect(edge.shard.rawValue == shard)
        #expect(UInt64(edge.position) == id - bounds[shard])
      }
    }
    #expect(book.locate(NodeID(top), type: NodeTypeID(0)) == nil)
    #expect(book.locate(NodeID(.max), type: NodeTypeID(0)) == nil)
    #expect(book.nodeCount(of: NodeTypeID(0)) == Int.max)
    let coded = try JSONEncoder().encode(book)
    #expect(try JSONDecoder().decode(PartitionBook.self, from: coded) == book)
  }

  @Test("agrees with a walk over all shards", arguments: 0..<20 as Range<UInt64>)
  func againstWalk(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let shards = Int.random(in: 1...17, using: &generator)
    var bounds: [UInt64] = [0]
    for _ in 0..<shards {
      bounds.append(bounds.last! + UInt64.random(in: 0...6, using: &generator))
    }
    let book = try PartitionBook(nodeBounds: [bounds], edgeBounds: [])
    for id in 0...bounds[shards] {
      let expected = (0..<shards).first { bounds[$0] <= id && id < bounds[$0 + 1] }
      #expect(book.locate(NodeID(id), type: NodeTypeID(0))?.shard.rawValue == expected)
    }
  }

  @Test(
    "refuses boundaries that are not",
    arguments: [
      [], [[]], [[0]], [[1, 2]], [[0, 2, 1]], [[0, 1], [0, 1, 2]], [[0, 1 << 63]],
    ] as [[[UInt64]]])
  func refuses(bounds: [[UInt64]]) {
    #expect(throws: StorageError.self) {
      try PartitionBook(nodeBounds: bounds, edgeBounds: [])
    }
  }
}
