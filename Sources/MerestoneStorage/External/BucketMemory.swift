/// How much of a memory for buckets each thread has to itself, and how much threads share.
package struct BucketMemory: Sendable {
  /// Bytes of a thread's block for a bucket; 0 where there is too little memory for such blocks.
  let blockBytes: Int
  /// Bytes of the buffers that threads share, where they have no blocks: what ``BucketFile`` gets.
  package let bufferBytes: Int

  /// Larger blocks gain nothing; smaller ones cost more than sharing does.
  private static let blockLimits = 16 << 10...128 << 10

  /// What a thread has for a bucket where memory is plenty.
  package static let largestShare = blockLimits.upperBound + BucketGroups.targetBytes

  /// - Parameters:
  ///   - bytes: For all threads together.
  ///   - recordBytes: Bytes of every record; a block holds at least a group of them.
  package init(_ bytes: Int, threads: Int, bucketCount: Int, recordBytes: Int) {
    let groupBytes = BucketGroups.groupBytes(recordBytes: recordBytes)
    let share = bytes / max(threads, 1) - BucketGroups.batchBytes
    var blockBytes = Self.blockLimits.upperBound
    while blockBytes >= Self.blockLimits.lowerBound,
      max(bucketCount, 1) * (blockBytes + groupBytes) > share
    {
      blockBytes /= 2
    }
    let least = max(Self.blockLimits.lowerBound, groupBytes)
    self.blockBytes = blockBytes < least ? 0 : blockBytes
    bufferBytes = self.blockBytes == 0 ? max(bytes, 1) : 0
  }
}
