import MerestoneStorage

/// Which bucket an edge goes to on its way to its shard, and how it is packed there.
///
/// A bucket is a range of destinations under global ids inside one shard. Its records are keys
/// `(destination - start) << sourceBits | source` in as few bytes as hold them; where edges have
/// columns, the sequence (5 bytes) and the stored row follow.
struct RoutePlan: Sendable {
  struct Bucket: Sendable, Codable, Equatable {
    var shard: Int
    /// Destinations, as global ids.
    var nodes: Range<Int>
    var edges: Int
  }

  let buckets: [Bucket]
  let sourceBits: Int
  let keyBytes: Int
  let rowBytes: Int

  /// The first bucket that has a destination of each group of `1 << groupBits` global ids.
  private let firstBucket: [UInt16]
  private let ends: [UInt32]

  private static let groupBits = 6
  static let sequenceBytes = 5
  static let bucketLimit = 4096

  var recordBytes: Int { keyBytes + (rowBytes == 0 ? 0 : Self.sequenceBytes + rowBytes) }

  /// - Parameters:
  ///   - nodeBounds: Boundaries of the shards. Shape `[shards + 1]`.
  ///   - degree: In-degree by global id.
  ///   - edgeCount: The sum of the degrees.
  ///   - rowBytes: Bytes of a stored row; 0 for edges without columns.
  init(
    nodeBounds: [UInt64], edgeCount: Int, rowBytes: Int, degree: (Int) -> UInt64
  ) {
    let nodeCount = Int(nodeBounds.last!)
    sourceBits = max(1, Int.bitWidth - max(nodeCount - 1, 1).leadingZeroBitCount)
    // 40 bits, 5 bytes, where that leaves few enough buckets; else 48 or more.
    var destinationBits = max(40 - sourceBits, 12)
    while nodeCount >> destinationBits > Self.bucketLimit / 2, destinationBits < 32 {
      destinationBits += 8
    }
    let edgeLimit = max(Self.smallestBucket, edgeCount / (Self.bucketLimit / 4))
    var buckets: [Bucket] = []
    for shard in 0..<nodeBounds.count - 1 {
      var start = Int(nodeBounds[shard])
      var edges = 0
      for node in Int(nodeBounds[shard])..<Int(nodeBounds[shard + 1]) {
        let degree = Int(degree(node))
        let isFull =
          edges > 0 && (edges + degree > edgeLimit || node - start >= 1 << destinationBits)
        // Nodes without edges cost nothing: any number of them makes one bucket.
        let endsGap = edges == 0 && degree > 0 && node - start >= 1 << destinationBits
        if isFull || endsGap {
          buckets.append(Bucket(shard: shard, nodes: start..<node, edges: edges))
          start = node
          edges = 0
        }
        edges += degree
      }
      let end = Int(nodeBounds[shard + 1])
      if start < end { buckets.append(Bucket(shard: shard, nodes: start..<end, edges: edges)) }
    }
    var widest = 1
    for bucket in buckets where bucket.edges > 0 { widest = max(widest, bucket.nodes.count) }
    let bits = sourceBits + (Int.bitWidth - (widest - 1).leadingZeroBitCount)
    keyBytes = (bits + 7) / 8
    self.buckets = buckets
    self.rowBytes = rowBytes
    ends = buckets.map { UInt32(truncatingIfNeeded: $0.nodes.upperBound) }
    var first: [UInt16] = []
    var bucket = 0
    for group in stride(from: 0, to: max(nodeCount, 1), by: 1 << Self.groupBits) {
      while bucket < buckets.count, buckets[bucket].nodes.upperBound <= group { bucket += 1 }
      first.append(UInt16(truncatingIfNeeded: bucket))
    }
    firstBucket = first
  }

  private static let smallestBucket = 1 << 20

  /// The bucket of a destination.
  @inline(__always) func bucket(of destination: UInt32) -> Int {
    var bucket = Int(firstBucket[Int(truncatingIfNeeded: destination &>> UInt32(Self.groupBits))])
    while destination >= ends[bucket] { bucket &+= 1 }
    return bucket
  }
}
