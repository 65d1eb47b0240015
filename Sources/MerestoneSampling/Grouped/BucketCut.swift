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
  // The shard of every key that is a multiple of `1 << hintShift`.
  private let hints: [UInt16]
  private let hintShift: Int

  // Hints stay in the first cache.
  private static let mostHints = 4096

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
    let keyCount = bounds[bounds.count - 1]
    var hintShift = 0
    while keyCount >> UInt64(hintShift) >= Self.mostHints { hintShift += 1 }
    var hints: [UInt16] = []
    var shard = 0
    for key in stride(from: 0, to: keyCount, by: 1 << hintShift) {
      while key >= bounds[shard + 1] { shard += 1 }
      hints.append(UInt16(shard))
    }
    self.hints = hints
    self.hintShift = hintShift
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
        try unsafe hints.withUnsafeBufferPointer { hints throws(E) in
          var cut = unsafe mrs_buckets(
            bounds: bounds.baseAddress, firsts: firsts.baseAddress, shift: UInt32(shift),
            hint_shift: UInt32(hintShift), hints: firsts.count > 1 ? hints.baseAddress : nil)
          return try unsafe withUnsafePointer(to: &cut) { cut throws(E) in try unsafe body(cut) }
        }
      }
    }
  }
}
