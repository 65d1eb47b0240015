internal import CMerestoneKernels
import MerestoneCore
import MerestoneStorage

/// Cuts the ids of one kind (a relation's edges, a type's nodes) into buckets of neighbours, so that
/// what is asked of a bucket can be answered while it is at hand.
///
/// Every shard starts a bucket of its own. Keys are dealt to buckets by counting, and answers come
/// back the same way, so that both are read and written front to back in every bucket.
struct BucketCut: Sendable {
  /// Ids of a bucket, as a power of two.
  let shift: Int
  let count: Int
  private let bounds: [UInt64]
  private let firsts: [UInt64]

  init(bounds: [UInt64], shift: Int) {
    self.shift = shift
    self.bounds = bounds
    var firsts: [UInt64] = []
    var total: UInt64 = 0
    for (lower, upper) in zip(bounds, bounds.dropFirst()) {
      firsts.append(total)
      total += (upper - lower + 1 << UInt64(shift) - 1) >> UInt64(shift)
    }
    self.firsts = firsts
    count = Int(total)
  }

  /// The shard of a bucket, and the places in the shard that the bucket covers.
  func range(of bucket: Int) -> (shard: ShardID, locals: Range<Int>) {
    var lower = 0
    var upper = firsts.count
    // The last shard that starts at or before the bucket: empty ones never match.
    while upper - lower > 1 {
      let middle = (lower + upper) / 2
      if firsts[middle] <= UInt64(bucket) { lower = middle } else { upper = middle }
    }
    let first = (bucket - Int(firsts[lower])) << shift
    let size = Int(bounds[lower + 1] - bounds[lower])
    return (ShardID(lower), first..<min(first + 1 << shift, size))
  }

  /// Lends the cut to a kernel.
  @unsafe func withKernel<R, E: Error>(
    _ body: (UnsafePointer<mrs_buckets>) throws(E) -> R
  ) throws(E) -> R {
    try unsafe bounds.withUnsafeBufferPointer { bounds throws(E) in
      try unsafe firsts.withUnsafeBufferPointer { firsts throws(E) in
        var cut = unsafe mrs_buckets(
          bounds: bounds.baseAddress, firsts: firsts.baseAddress, shards: firsts.count,
          shift: UInt32(shift))
        return try unsafe withUnsafePointer(to: &cut) { cut throws(E) in try unsafe body(cut) }
      }
    }
  }
}
