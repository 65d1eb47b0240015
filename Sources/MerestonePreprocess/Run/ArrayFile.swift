import MerestoneStorage

/// Arrays of plain numbers in temporary files, so that a later run can go on with them.
enum ArrayFile {
  /// What a file holds.
  struct Entry: Codable, Sendable, Equatable {
    var count: Int
    var checksum: UInt32
  }

  /// Writes an array to a file of its own.
  static func write<T: BitwiseCopyable>(
    _ values: [T], to path: String
  ) throws(StorageError) -> Entry {
    let file = try ScratchFile(path: path)
    // SAFETY: plain numbers have no padding.
    let bytes = unsafe values.span.bytes
    try file.write(bytes, at: 0)
    return Entry(count: values.count, checksum: Checksum.of(bytes))
  }

  /// Reads it back.
  static func read<T: BitwiseCopyable & FixedWidthInteger>(
    _ entry: Entry, of type: T.Type, from path: String
  ) throws(StorageError) -> [T] {
    let file = try ScratchFile(path: path, resuming: true)
    var values = [T](repeating: 0, count: entry.count)
    try unsafe values.withUnsafeMutableBufferPointer { buffer throws(StorageError) in
      // SAFETY: the buffer has just the bytes that the file has.
      try unsafe file.read(into: UnsafeMutableRawBufferPointer(buffer), at: 0)
    }
    // SAFETY: plain numbers have no padding.
    let found = unsafe Checksum.of(values.span.bytes)
    guard found == entry.checksum else {
      throw .wrongChecksum(
        path: path, byteOffset: 0, byteCount: entry.count * MemoryLayout<T>.stride,
        expected: entry.checksum, found: found)
    }
    return values
  }
}
