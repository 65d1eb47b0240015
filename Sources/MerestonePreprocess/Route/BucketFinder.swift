/// Finds which of consecutive ranges of ids, the buckets, an id belongs to.
struct BucketFinder: Sendable {
  /// The first bucket that has an id of each group of `1 << groupBits`.
  private let first: [UInt16]
  private let ends: [UInt32]

  private static let groupBits = 6

  /// - Parameters:
  ///   - ranges: Consecutive, from 0 on; at most 65,536.
  ///   - count: The ids.
  init(_ ranges: [Range<Int>], count: Int) {
    ends = ranges.map { UInt32(truncatingIfNeeded: $0.upperBound) }
    var first: [UInt16] = []
    var bucket = 0
    for group in stride(from: 0, to: max(count, 1), by: 1 << Self.groupBits) {
      while bucket < ranges.count, ranges[bucket].upperBound <= group { bucket += 1 }
      first.append(UInt16(truncatingIfNeeded: bucket))
    }
    self.first = first
  }

  /// The bucket of an id.
  @inline(__always) func bucket(of id: UInt32) -> Int {
    var bucket = Int(first[Int(truncatingIfNeeded: id &>> UInt32(Self.groupBits))])
    while id >= ends[bucket] { bucket &+= 1 }
    return bucket
  }
}
