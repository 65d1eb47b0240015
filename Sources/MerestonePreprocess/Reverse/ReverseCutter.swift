import MerestoneCore
import MerestoneStorage

/// Sorts a bucket that does not fit the budget, a hub's: its records go to smaller buckets by
/// ranges of source and edge id, and those are sorted in turn, or cut again. No two edges have one
/// id, so that this ends.
struct ReverseCutter {
  let plan: ReversePlan
  /// Edges that can be sorted at once.
  let edgeLimit: Int
  let folder: String
  let cancellation: Cancellation

  private static let parts = 256
  private static let bufferBytes = parts * 16 << 10

  /// Calls `body` with runs in ascending order.
  func forEachRun(
    of bucket: Int, in file: BucketFile, depth: Int = 0,
    _ body: (ReverseRun) throws(PreprocessError) -> Void
  ) throws(PreprocessError) {
    let edges = file.byteCount(of: bucket) / plan.recordBytes
    if cancellation.isCancelled { throw .interrupted }
    guard edges > max(edgeLimit, 1) else {
      guard edges > 0 else { return }
      var run = ReverseRun()
      var records: [UInt8] = []
      try PreprocessError.storing { () throws(StorageError) in
        try file.read(bucket, into: &records)
      }
      run.sort(records, plan: plan)
      return try body(run)
    }
    let parts = try PreprocessError.storing { () throws(StorageError) in
      try cut(bucket, in: file, depth: depth)
    }
    defer { parts.remove() }
    for part in 0..<Self.parts {
      try forEachRun(of: part, in: parts, depth: depth + 1, body)
      parts.release(part)
    }
  }

  private func cut(
    _ bucket: Int, in file: BucketFile, depth: Int
  ) throws(StorageError) -> BucketFile {
    let plan = plan
    var (lowest, highest) = (UInt64.max, UInt64(0))
    try file.forEachBlock(of: bucket) { block in
      for record in stride(from: 0, to: block.byteCount, by: plan.recordBytes) {
        let edge = plan.unpack(block, at: record).edge
        lowest = min(lowest, edge)
        highest = max(highest, edge)
      }
    }
    let width = (highest - lowest) / UInt64(Self.parts) + 1
    let parts = try BucketFile(
      path: "\(folder)/reverse-cut-\(depth).tmp", bucketCount: Self.parts,
      bufferBytes: Self.bufferBytes)
    try file.forEachBlock(of: bucket) { (block) throws(StorageError) in
      for record in stride(from: 0, to: block.byteCount, by: plan.recordBytes) {
        let edge = plan.unpack(block, at: record).edge
        try parts.append(
          block.extracting(record..<record + plan.recordBytes), to: Int((edge - lowest) / width))
      }
    }
    try parts.finish()
    return parts
  }
}
