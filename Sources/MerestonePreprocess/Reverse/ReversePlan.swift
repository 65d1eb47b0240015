import MerestoneStorage

/// Which bucket an out-edge goes to on its way to its source's shard, and how it is packed there.
///
/// A bucket is a range of sources inside one shard. Its records are keys
/// `(source - start) << destinationBits | destination`, then the edge's id, each in as few bytes as
/// hold it.
struct ReversePlan: Sendable {
  struct Bucket: Sendable {
    var shard: Int
    /// Sources, as global ids.
    var nodes: Range<Int>
    var edges: Int
  }

  let buckets: [Bucket]
  let destinationBits: Int
  let idBits: Int
  let keyBytes: Int
  let idBytes: Int

  private let finder: BucketFinder

  /// Smaller buckets are not worth their blocks.
  static let smallestBucket = 1 << 20
  private static let bucketCount = 1024

  var recordBytes: Int { keyBytes + idBytes }

  /// - Parameters:
  ///   - sourceBounds: Boundaries of the shards. Shape `[shards + 1]`.
  ///   - destinations: Nodes that edges may lead to.
  ///   - edgeCount: Edges of the relation, and the sum of the degrees.
  ///   - smallest: Edges that a bucket takes at least, before the next begins.
  ///   - degree: Out-degree by global id.
  init(
    sourceBounds: [UInt64], destinations: Int, edgeCount: Int,
    smallest: Int = Self.smallestBucket, degree: (Int) -> UInt64
  ) {
    destinationBits = RoutePlan.bits(ofIDs: destinations)
    idBits = RoutePlan.bits(ofIDs: edgeCount)
    // A source's offset and an edge id fit one word together.
    let widest = 1 << min(32, 64 - max(idBits, destinationBits))
    let edgeLimit = max(smallest, edgeCount / Self.bucketCount)
    var buckets: [Bucket] = []
    for shard in 0..<sourceBounds.count - 1 {
      var start = Int(sourceBounds[shard])
      var edges = 0
      for node in start..<Int(sourceBounds[shard + 1]) {
        let degree = Int(degree(node))
        if node > start, edges + degree > edgeLimit && edges > 0 || node - start >= widest {
          buckets.append(Bucket(shard: shard, nodes: start..<node, edges: edges))
          start = node
          edges = 0
        }
        edges += degree
      }
      let end = Int(sourceBounds[shard + 1])
      if start < end { buckets.append(Bucket(shard: shard, nodes: start..<end, edges: edges)) }
    }
    let offsetBits = RoutePlan.bits(ofIDs: buckets.reduce(1) { max($0, $1.nodes.count) })
    keyBytes = (offsetBits + destinationBits + 7) / 8
    idBytes = (idBits + 7) / 8
    self.buckets = buckets
    finder = BucketFinder(buckets.map(\.nodes), count: Int(sourceBounds.last!))
  }

  /// The bucket of a source.
  @inline(__always) func bucket(of source: UInt32) -> Int { finder.bucket(of: source) }
}
