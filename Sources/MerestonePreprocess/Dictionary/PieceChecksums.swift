import MerestoneStorage
import Synchronization

/// The checksums of the pieces of a file that threads write in any order, each piece once.
final class PieceChecksums: Sendable {
  private struct Piece {
    var byteOffset: Int
    var byteCount: Int
    var checksum: UInt32
  }

  private let pieces = Mutex<[Piece]>([])

  func note(_ bytes: RawSpan, at byteOffset: Int) {
    guard bytes.byteCount > 0 else { return }
    let piece = Piece(
      byteOffset: byteOffset, byteCount: bytes.byteCount, checksum: Checksum.of(bytes))
    pieces.withLock { $0.append(piece) }
  }

  /// Size and checksum of each piece in turn, in the order of the file.
  func table() -> [UInt64] {
    let sorted = pieces.withLock { $0.sorted { $0.byteOffset < $1.byteOffset } }
    return sorted.flatMap { [UInt64($0.byteCount), UInt64($0.checksum)] }
  }

  /// Reads a whole file and compares it.
  /// - Parameter table: What ``table()`` gave; its pieces cover the file.
  static func verify(_ file: ScratchFile, table: [UInt64]) throws(StorageError) {
    var buffer: [UInt8] = []
    var start = 0
    for place in stride(from: 0, to: table.count - 1, by: 2) {
      let end = start + Int(table[place])
      let expected = UInt32(truncatingIfNeeded: table[place + 1])
      var checksum = Checksum()
      for lower in stride(from: start, to: end, by: 1 << 20) {
        let count = min(1 << 20, end - lower)
        if buffer.count != count { buffer = [UInt8](repeating: 0, count: count) }
        try unsafe buffer.withUnsafeMutableBufferPointer { bytes throws(StorageError) in
          // SAFETY: the bytes are those of the array.
          try unsafe file.read(into: UnsafeMutableRawBufferPointer(bytes), at: lower)
        }
        // SAFETY: every byte of an array of bytes is initialised.
        unsafe checksum.update(buffer.span.bytes)
      }
      guard checksum.value == expected else {
        throw .wrongChecksum(
          path: file.path, byteOffset: start, byteCount: end - start, expected: expected,
          found: checksum.value)
      }
      start = end
    }
    let found = try file.byteCount()
    guard found == start else {
      throw .wrongSize(path: file.path, expected: start, found: found)
    }
  }
}

/// A file, and the checksums of what was written to it.
struct SummedFile: Sendable {
  let file: ScratchFile
  let checksums = PieceChecksums()

  init(_ file: ScratchFile) { self.file = file }

  func write(_ bytes: RawSpan, at byteOffset: Int) throws(StorageError) {
    try file.write(bytes, at: byteOffset)
    checksums.note(bytes, at: byteOffset)
  }
}
