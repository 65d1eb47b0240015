import MerestoneStorage

/// Which bucket an edge goes to on its way to its shard, and how it is packed there.
///
/// A bucket is a range of destinations under global ids inside one shard. Its records are keys
/// `(destination - start) << sourceBits | source` in as few bytes as hold them; where edges have
/// columns, the sequence (5 bytes) and the stored row follow.
struct RoutePlan: Sendable {
  struct Bucket: Sendable, Codable, Equatable {
    var relation = 0
    var shard: Int
    /// Destinations, as global ids.
    var nodes: Range<Int>
    var edges: Int
  }

  var buckets: [Bucket]
  let sourceBits: Int
  let keyBytes: Int
  let rowBytes: Int

  /// For edges of one relation.
  private let finder: BucketFinder
  let ends: [UInt32]
  /// Where the buckets of each relation begin; empty for edges of one relation.
  let relationStarts: [Int]

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
    let sourceBits = Self.bits(ofIDs: nodeCount)
    let destinationBits = Self.destinationBits(sourceBits: sourceBits, destinations: nodeCount)
    var buckets: [Bucket] = []
    for shard in 0..<nodeBounds.count - 1 {
      Self.cut(
        Int(nodeBounds[shard])..<Int(nodeBounds[shard + 1]), relation: 0, shard: shard,
        edgeLimit: Self.edgeLimit(edgeCount), widthLimit: 1 << destinationBits, into: &buckets,
        degree: degree)
    }
    self.init(buckets: buckets, sourceBits: sourceBits, rowBytes: rowBytes, nodeCount: nodeCount)
  }

  /// - Parameters:
  ///   - relationStarts: Where the buckets of each relation begin, for several.
  ///   - nodeCount: The nodes, for one relation.
  init(
    buckets: [Bucket], sourceBits: Int, rowBytes: Int, relationStarts: [Int] = [],
    nodeCount: Int? = nil
  ) {
    var widest = 1
    for bucket in buckets where bucket.edges > 0 { widest = max(widest, bucket.nodes.count) }
    let bits = sourceBits + (Int.bitWidth - (widest - 1).leadingZeroBitCount)
    keyBytes = (bits + 7) / 8
    self.buckets = buckets
    self.sourceBits = sourceBits
    self.rowBytes = rowBytes
    self.relationStarts = relationStarts
    ends = buckets.map { UInt32(truncatingIfNeeded: $0.nodes.upperBound) }
    finder = BucketFinder(nodeCount == nil ? [] : buckets.map(\.nodes), count: nodeCount ?? 0)
  }

  /// The bits that hold ids below a count.
  static func bits(ofIDs count: Int) -> Int {
    max(1, Int.bitWidth - max(count - 1, 1).leadingZeroBitCount)
  }

  /// 40 bits, 5 bytes, where that leaves few enough buckets; else 48 or more.
  static func destinationBits(sourceBits: Int, destinations: Int) -> Int {
    var bits = max(40 - sourceBits, 12)
    while destinations >> bits > bucketLimit / 2, bits < 32 { bits += 8 }
    return bits
  }

  /// The edges that a bucket should have at most.
  static func edgeLimit(_ edgeCount: Int) -> Int {
    max(smallestBucket, edgeCount / (bucketLimit / 4))
  }

  /// Cuts destinations of one shard into buckets.
  static func cut(
    _ nodes: Range<Int>, relation: Int, shard: Int, edgeLimit: Int, widthLimit: Int,
    into buckets: inout [Bucket], degree: (Int) -> UInt64
  ) {
    var start = nodes.lowerBound
    var edges = 0
    func bucket(upTo end: Int) -> Bucket {
      Bucket(relation: relation, shard: shard, nodes: start..<end, edges: edges)
    }
    for node in nodes {
      let degree = Int(degree(node))
      let isFull = edges > 0 && (edges + degree > edgeLimit || node - start >= widthLimit)
      // Nodes without edges cost nothing: any number of them makes one bucket.
      let endsGap = edges == 0 && degree > 0 && node - start >= widthLimit
      if isFull || endsGap {
        buckets.append(bucket(upTo: node))
        start = node
        edges = 0
      }
      edges += degree
    }
    if start < nodes.upperBound { buckets.append(bucket(upTo: nodes.upperBound)) }
  }

  private static let smallestBucket = 1 << 20

  /// The bucket of a destination.
  @inline(__always) func bucket(of destination: UInt32) -> Int { finder.bucket(of: destination) }
}
