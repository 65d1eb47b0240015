import MerestoneCore

/// Numbers for routing: global ids with gaps, so that the high bits of a number name its bucket.
///
/// Every bucket begins at a multiple of `1 << bits` and takes as many slots of that size as its
/// destinations need. One load then says of a node where edges into it go and what its global id
/// is; a search for the bucket would cost mispredicted branches instead, for hubs above all.
struct RouteSlots: Sendable {
  /// A slot has `1 << bits` numbers.
  let bits: UInt32
  /// The bucket of each slot.
  private(set) var buckets: [UInt16] = []
  /// What is taken from a number of each slot to get the global id.
  private(set) var gaps: [UInt32] = []
  /// The number of the first destination of each slot's bucket.
  private(set) var firsts: [UInt32] = []
  /// What is added to the global ids of each bucket.
  private var gapOfBucket: [UInt32] = []
  private let plan: RoutePlan

  init(_ plan: RoutePlan) {
    self.plan = plan
    // The widest slots with which the numbers stay below that of an id that is no node.
    var bits = 15
    while bits > 0, Self.slots(plan.buckets, bits: bits) << bits > Int(NodeNumbers.absent) {
      bits -= 1
    }
    self.bits = UInt32(bits)
    for (place, bucket) in plan.buckets.enumerated() {
      let gap = UInt32(truncatingIfNeeded: buckets.count << bits - bucket.nodes.lowerBound)
      gapOfBucket.append(gap)
      let count = Self.slots([bucket], bits: bits)
      buckets += repeatElement(UInt16(truncatingIfNeeded: place), count: count)
      gaps += repeatElement(gap, count: count)
      let first = gap &+ UInt32(truncatingIfNeeded: bucket.nodes.lowerBound)
      firsts += repeatElement(first, count: count)
    }
  }

  private static func slots(_ buckets: [RoutePlan.Bucket], bits: Int) -> Int {
    buckets.reduce(0) { $0 + ($1.nodes.count + 1 << bits - 1) >> bits }
  }

  /// The number of a global id.
  @inline(__always) func number(of global: UInt32) -> UInt32 {
    global &+ gapOfBucket[plan.bucket(of: global)]
  }

  /// The numbers of `globals`, made on all threads.
  func numbers(of globals: [UInt32], pool: ThreadPool) -> [UInt32] {
    var result = [UInt32](inHugePages: 0, count: globals.count)
    result.withScatterTarget { target in
      pool.forEachTile(of: globals.count, tile: 1 << 16) { tile in
        for node in tile { target.set(node, to: number(of: globals[node])) }
      }
    }
    return result
  }
}
