import MerestoneCore
import MerestoneStorage

/// Sorts a bucket that does not fit the budget: its records go to smaller buckets by ranges of
/// their key, or of relation and sequence where all keys are equal, and those are sorted in turn,
/// or cut again.
struct BucketCutter {
  let plan: RoutePlan
  /// The destination that keys count from.
  let start: Int
  /// Edges that can be sorted at once.
  let edgeLimit: Int
  let relation: Range<Int>?
  let folder: String
  let cancellation: Cancellation

  private static let parts = 256
  private static let bufferBytes = parts * 16 << 10

  /// Calls `body` with runs in ascending order.
  func forEachRun(
    of bucket: Int, in file: BucketFile, depth: Int = 0,
    _ body: (inout SortedRun) throws(PreprocessError) -> Void
  ) throws(PreprocessError) {
    let edges = file.byteCount(of: bucket) / plan.recordBytes
    if edges <= edgeLimit {
      guard edges > 0 else { return }
      var run = SortedRun()
      var records: [UInt8] = []
      try PreprocessError.storing { () throws(StorageError) in
        try file.read(bucket, into: &records)
      }
      run.sort(records, plan: plan, relation: relation)
      return try body(&run)
    }
    if cancellation.isCancelled { throw .interrupted }
    let keys = try limits(of: bucket, in: file) { self.key($0, $1) }
    guard keys.lowerBound < keys.upperBound || plan.rowBytes > 0 else {
      return try forEachEqual(keys.lowerBound, count: edges, body)
    }
    let parts: BucketFile
    if keys.lowerBound < keys.upperBound {
      parts = try cut(bucket, in: file, keys, depth: depth) { self.key($0, $1) }
    } else {
      let minors = try limits(of: bucket, in: file) { self.minor($0, $1) }
      parts = try cut(bucket, in: file, minors, depth: depth) { self.minor($0, $1) }
    }
    defer { parts.remove() }
    for part in 0..<Self.parts {
      try forEachRun(of: part, in: parts, depth: depth + 1, body)
      parts.release(part)
    }
  }

  /// Equal edges without columns: nothing to sort.
  private func forEachEqual(
    _ key: UInt64, count: Int, _ body: (inout SortedRun) throws(PreprocessError) -> Void
  ) throws(PreprocessError) {
    var left = count
    while left > 0 {
      if cancellation.isCancelled { throw .interrupted }
      var run = SortedRun()
      run.count = min(left, max(edgeLimit, 1), 1 << 20)
      run.keys = [UInt64](repeating: key, count: run.count)
      left -= run.count
      try body(&run)
    }
  }

  private func key(_ records: RawSpan, _ record: Int) -> UInt64 {
    word(records, at: record, bytes: plan.keyBytes)
  }

  /// Relation and sequence.
  private func minor(_ records: RawSpan, _ record: Int) -> UInt64 {
    let sequence = word(
      records, at: record + plan.keyBytes, bytes: RoutePlan.sequenceBytes)
    guard let relation else { return sequence }
    let row = record + plan.keyBytes + RoutePlan.sequenceBytes
    let code = word(records, at: row + relation.lowerBound, bytes: relation.count)
    return code << UInt64(8 * RoutePlan.sequenceBytes) | sequence
  }

  private func word(_ records: RawSpan, at start: Int, bytes: Int) -> UInt64 {
    var value: UInt64 = 0
    for byte in 0..<bytes {
      let next = unsafe records.unsafeLoad(fromByteOffset: start + byte, as: UInt8.self)
      value |= UInt64(next) << UInt64(8 * byte)
    }
    return value
  }

  private func limits(
    of bucket: Int, in file: BucketFile, _ value: (RawSpan, Int) -> UInt64
  ) throws(PreprocessError) -> ClosedRange<UInt64> {
    var (lowest, highest) = (UInt64.max, UInt64(0))
    try PreprocessError.storing { () throws(StorageError) in
      try file.forEachBlock(of: bucket) { block in
        for record in stride(from: 0, to: block.byteCount, by: plan.recordBytes) {
          let value = value(block, record)
          lowest = min(lowest, value)
          highest = max(highest, value)
        }
      }
    }
    return lowest...max(lowest, highest)
  }

  private func cut(
    _ bucket: Int, in file: BucketFile, _ limits: ClosedRange<UInt64>, depth: Int,
    _ value: (RawSpan, Int) -> UInt64
  ) throws(PreprocessError) -> BucketFile {
    let width = limits.upperBound - limits.lowerBound
    return try PreprocessError.storing { () throws(StorageError) in
      let parts = try BucketFile(
        path: "\(folder)/cut-\(depth).tmp", bucketCount: Self.parts, bufferBytes: Self.bufferBytes)
      try file.forEachBlock(of: bucket) { (block) throws(StorageError) in
        for record in stride(from: 0, to: block.byteCount, by: plan.recordBytes) {
          let offset = value(block, record) - limits.lowerBound
          // Parts of equal width; the last one takes what division leaves.
          let part = min(Int(offset / (width / UInt64(Self.parts) + 1)), Self.parts - 1)
          try parts.append(
            block.extracting(record..<record + plan.recordBytes), to: part)
        }
      }
      try parts.finish()
      return parts
    }
  }
}
