import MerestoneCore
import MerestonePartition
import MerestoneTestSupport
import Testing

@Suite("Global ids")
struct GlobalOrderTests {
  /// Random degrees with a few beyond all counters, and a shard for every node.
  func inputs(seed: UInt64, shards: Int) throws -> ([UInt32], ShardAssignment) {
    var generator = SplitMix64(seed: seed)
    // One of them is beyond one chunk.
    let count = seed == 3 && shards == 4 ? 70_000 : Int.random(in: 1...2000, using: &generator)
    let degrees = (0..<count).map { _ -> UInt32 in
      let digits = UInt32.random(in: 0...17, using: &generator)
      return digits == 17 ? .random(in: 0...1_000_000, using: &generator) : digits
    }
    let assignment = try ShardAssignment.random(
      nodeCount: count, options: PartitionOptions(shards: min(shards, count), seed: seed),
      pool: ThreadPool(threads: 1))
    return (degrees, assignment)
  }

  @Test("are those of a comparison sort", arguments: 0..<8 as Range<UInt64>, [1, 4, 300])
  func agreesWithSort(seed: UInt64, shards: Int) throws {
    let (degrees, assignment) = try inputs(seed: seed, shards: shards)
    let given = (0..<UInt32(degrees.count)).map { $0 }.reversed() as [UInt32]
    for threads in degrees.count > 2000 ? [3] : [1, 3] {
      let pool = ThreadPool(threads: threads)
      func check(_ sequence: NodeSequence, _ nodes: [UInt32]) throws {
        let order = try GlobalOrder(
          sequence, inDegrees: degrees, assignment: assignment, shards: assignment.shards,
          pool: pool)
        let expected = nodes.enumerated().sorted {
          (assignment.shardOf[Int($0.element)], $0.offset)
            < (assignment.shardOf[Int($1.element)], $1.offset)
        }.map(\.element)
        #expect(expected.indices.allSatisfy { order.globals[Int(expected[$0])] == UInt32($0) })
        #expect(order.inDegrees == expected.map { degrees[Int($0)] })
        #expect(
          order.edgeBounds.last == degrees.reduce(UInt64(0)) { $0 + UInt64($1) })
      }
      try check(.input, (0..<UInt32(degrees.count)).map { $0 })
      try check(.given(given), given)
      try check(
        .degree,
        (0..<UInt32(degrees.count)).sorted {
          (degrees[Int($1)], $0) < (degrees[Int($0)], $1)
        })
    }
  }

  @Test("a sequence that leaves a node out is found")
  func noPermutation() {
    #expect(throws: PartitionError.self) {
      try GlobalOrder(
        .given([0, 2, 2]), inDegrees: [1, 1, 1], assignment: nil, shards: 1,
        pool: ThreadPool(threads: 1))
    }
  }
}
