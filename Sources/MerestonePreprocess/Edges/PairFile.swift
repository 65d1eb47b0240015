import Glibc
import MerestoneCore
import MerestoneIngest
import MerestoneStorage
import Synchronization

/// A plain binary file of edges, read in place by any thread: no copy of it is made.
///
/// Every chunk has a checksum, taken when it is first read; a chunk that differs later shows that
/// the file was changed meanwhile.
final class PairFile: Sendable {
  let path: String
  let edgeCount: Int
  /// Bytes of an id: 4 or 8.
  let idBytes: Int
  private let byteOffset: Int
  private let descriptor: Int32
  private let checksums: Mutex<[UInt32?]>

  /// Edges of a chunk.
  static let chunkEdges = 1 << 19

  init(
    path: String, byteOffset: Int, idBytes: Int, edgeCount: Int
  ) throws(PreprocessError) {
    self.path = path
    self.byteOffset = byteOffset
    self.idBytes = idBytes
    self.edgeCount = edgeCount
    // SAFETY: the path is a NUL-terminated string for the time of the call.
    descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    checksums = Mutex(
      [UInt32?](repeating: nil, count: (edgeCount + Self.chunkEdges - 1) / Self.chunkEdges))
    guard descriptor >= 0 else {
      throw .ingest(
        errno == ENOENT ? .missingFile(path) : .cannotRead(path, byteOffset: 0, code: errno))
    }
    _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
  }

  deinit { _ = Glibc.close(descriptor) }

  var chunkCount: Int { (edgeCount + Self.chunkEdges - 1) / Self.chunkEdges }

  /// The edges of a chunk, by their place in the file.
  func edges(ofChunk chunk: Int) -> Range<Int> {
    chunk * Self.chunkEdges..<min((chunk + 1) * Self.chunkEdges, edgeCount)
  }

  /// Reads a chunk's pairs into `words`, which holds source and destination of each in turn.
  ///
  /// - Throws: ``PreprocessError/inputChanged(file:)`` where the bytes differ from the last time.
  func read(_ chunk: Int, into bytes: inout [UInt8]) throws(PreprocessError) {
    let edges = edges(ofChunk: chunk)
    let count = edges.count * 2 * idBytes
    if bytes.count != count { bytes.resize(to: count) }
    var done = 0
    let start = byteOffset + edges.lowerBound * 2 * idBytes
    while done < count {
      let (got, code) = unsafe bytes.withUnsafeMutableBufferPointer { buffer in
        // SAFETY: the pointer and the count describe the rest of the buffer.
        (unsafe pread(descriptor, buffer.baseAddress! + done, count - done, start + done), errno)
      }
      if got < 0 {
        if code == EINTR { continue }
        throw .ingest(.cannotRead(path, byteOffset: start + done, code: code))
      }
      guard got > 0 else { throw .inputChanged(file: path) }
      done += got
    }
    // SAFETY: every byte of an array of bytes is initialised.
    let checksum = unsafe Checksum.of(bytes.span.bytes)
    let earlier = checksums.withLock { held in
      defer { held[chunk] = checksum }
      return held[chunk]
    }
    if let earlier, earlier != checksum { throw .inputChanged(file: path) }
  }

  /// The checksums of the chunks that were read, for a journal; nil for others.
  var knownChecksums: [UInt32?] {
    checksums.withLock { $0 }
  }

  func recall(_ known: [UInt32?]) {
    checksums.withLock { if $0.count == known.count { $0 = known } }
  }
}

extension Array where Element: FixedWidthInteger {
  /// Changes the size; new bytes are zero.
  mutating func resize(to count: Int) {
    if self.count > count { removeLast(self.count - count) }
    if self.count < count { append(contentsOf: repeatElement(0, count: count - self.count)) }
  }
}
