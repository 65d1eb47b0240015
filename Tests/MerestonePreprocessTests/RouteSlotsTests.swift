import MerestoneCore
import Testing

@testable import MerestonePreprocess

@Suite struct RouteSlotsTests {
  @Test func numbersNameTheirBucketAndTheirGlobalID() throws {
    // A hub, an ordinary range, and a wide one without edges, in two shards.
    let degrees: [UInt64] = [5 << 20, 3, 3] + [UInt64](repeating: 0, count: 200_000) + [1, 1]
    let plan = RoutePlan(
      nodeBounds: [0, 3, UInt64(degrees.count)], edgeCount: Int(degrees.reduce(0, +)), rowBytes: 0,
      degree: { degrees[$0] })
    let slots = RouteSlots(plan)
    for (place, bucket) in plan.buckets.enumerated() {
      for global in bucket.nodes {
        let number = slots.number(of: UInt32(global))
        let slot = Int(number >> slots.bits)
        try #require(Int(slots.buckets[slot]) == place)
        try #require(Int(number &- slots.gaps[slot]) == global)
      }
    }
    #expect(plan.buckets.count == 3, "the hub, the rest of its shard, the other shard")
  }
}
