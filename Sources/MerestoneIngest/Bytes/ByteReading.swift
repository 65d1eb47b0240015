/// Bytes that are read once, in order: a file, or one entry of an archive.
protocol ByteReading: AnyObject {
  /// Reads until `range` of `buffer` is full or the input ends.
  /// - Returns: the bytes read; fewer than asked only at the end.
  func read(into buffer: ByteBuffer, range: Range<Int>) throws(IngestError) -> Int
}

extension ByteSource: ByteReading {}
