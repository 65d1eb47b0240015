import MerestonePartition
import MerestoneStorage

extension RoutePlan {
  /// What a plan of several relations cannot have more of: an edge's bucket has 16 bits on its way.
  static let relationBucketLimit = 65_000

  /// A plan for relations that have edge files of their own. Ids are those among nodes of a type.
  ///
  /// - Parameters:
  ///   - nodeBounds: Boundaries of the shards for each type. Shape `[types, shards + 1]`.
  ///   - degree: In-degree, over all relations, by type and id.
  /// - Throws: ``PreprocessError/tooManyPieces(relations:shards:limit:)``.
  init(
    nodeBounds: [[UInt64]], relations: [RelationTriple], rowBytes: Int,
    degree: (_ type: Int, _ id: Int) -> UInt64
  ) throws(PreprocessError) {
    let largest = nodeBounds.map { Int($0.last!) }.max() ?? 0
    let sourceBits = Self.bits(ofIDs: largest)
    let destinations = relations.reduce(0) { $0 + Int(nodeBounds[$1.destination].last!) }
    let destinationBits = Self.destinationBits(
      sourceBits: sourceBits, destinations: destinations)
    let edgeCount = relations.reduce(0) { $0 + $1.edges }
    var into = [Int](repeating: 0, count: nodeBounds.count)
    for relation in relations { into[relation.destination] += relation.edges }
    var buckets: [Bucket] = []
    var starts = [0]
    for (number, relation) in relations.enumerated() {
      // Degrees count edges of all relations; a relation has its share of them.
      let share = Double(into[relation.destination]) / Double(max(relation.edges, 1))
      let limit = Int(min(share * Double(Self.edgeLimit(edgeCount)), 0x1p60))
      let bounds = nodeBounds[relation.destination]
      for shard in 0..<bounds.count - 1 {
        Self.cut(
          Int(bounds[shard])..<Int(bounds[shard + 1]), relation: number, shard: shard,
          edgeLimit: limit, widthLimit: 1 << destinationBits, into: &buckets
        ) { degree(relation.destination, $0) }
      }
      starts.append(buckets.count)
      guard buckets.count <= Self.relationBucketLimit else {
        throw .tooManyPieces(
          relations: relations.count, shards: bounds.count - 1, limit: Self.relationBucketLimit)
      }
    }
    self.init(
      buckets: buckets, sourceBits: sourceBits, rowBytes: rowBytes, relationStarts: starts)
  }

  /// The bucket of an edge of one relation.
  func bucket(of destination: UInt32, relation: Int) -> Int {
    var (low, high) = (relationStarts[relation], relationStarts[relation + 1] - 1)
    while low < high {
      let middle = (low + high) / 2
      if ends[middle] > destination { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// The plan with the numbers of edges that the buckets got.
  ///
  /// - Throws: ``PartitionError/inconsistent(check:expected:found:)`` where the edges of a shard
  ///   are not those that were counted.
  func counted(
    _ file: BucketFile, edgeBounds: [UInt64]
  ) throws(PreprocessError) -> RoutePlan {
    var plan = self
    var sums = [Int](repeating: 0, count: edgeBounds.count - 1)
    for bucket in buckets.indices {
      plan.buckets[bucket].edges = file.byteCount(of: bucket) / recordBytes
      sums[buckets[bucket].shard] += plan.buckets[bucket].edges
    }
    for (shard, found) in sums.enumerated() {
      let expected = Int(edgeBounds[shard + 1] - edgeBounds[shard])
      guard found == expected else {
        throw .partition(
          .inconsistent(
            check: "the number of edges of shard \(shard)", expected: expected, found: found))
      }
    }
    return plan
  }

  /// Boundaries of the shards in the edges of each relation. Shape `[relations, shards + 1]`.
  func edgeBounds(relations: Int, shards: Int) -> [[UInt64]] {
    var counts = [[UInt64]](
      repeating: [UInt64](repeating: 0, count: shards + 1), count: relations)
    for bucket in buckets { counts[bucket.relation][bucket.shard + 1] += UInt64(bucket.edges) }
    for relation in 0..<relations {
      for shard in 0..<shards { counts[relation][shard + 1] += counts[relation][shard] }
    }
    return counts
  }
}
