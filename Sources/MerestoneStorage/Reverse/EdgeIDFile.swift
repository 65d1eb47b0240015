/// Bit-packed edge ids, read from a mapped file.
///
/// Opening reads the header only. A block is verified when it is first touched in a process: its
/// checksum, and that its ids exist. ``EdgeIDHeader`` documents the format. Any thread may read.
package final class EdgeIDFile: Sendable {
  package let path: String
  package let header: EdgeIDHeader
  private let file: MappedFile
  private let verified: FirstTouchSet

  package var count: Int { header.count }
  package var fileBytes: Int { header.fileBytes }

  /// Maps a file and checks its header and size.
  ///
  /// - Parameter expectedBytes: The size that the manifest says; `nil` asks the header alone.
  /// - Complexity: O(1) I/O; allocates one bit for each 4,096 ids.
  package init(path: String, expectedBytes: Int? = nil) throws(StorageError) {
    self.path = path
    file = try MappedFile(path: path, expectedBytes: expectedBytes)
    let fileBytes = file.count
    header = try file.withBytes { bytes throws(StorageError) in
      try EdgeIDHeader(bytes, fileBytes: fileBytes, path: path)
    }
    verified = FirstTouchSet(count: header.blockCount)
  }

  /// Decodes the ids at `places`.
  ///
  /// - Parameter ids: Receives them; at least `places.count` elements.
  /// - Precondition: `places` is inside `0..<count`.
  /// - Throws: ``StorageError`` naming the file and the bytes, where a block is damaged.
  /// - Complexity: O(`places.count`); on the first touch of a block, all of it. Allocates nothing.
  package func decode(
    _ places: Range<Int>, into ids: inout MutableSpan<UInt64>
  ) throws(StorageError) {
    precondition(
      places.lowerBound >= 0 && places.upperBound <= count && places.count <= ids.count,
      "edge ids \(places) of \(count)")
    try file.withBytes { bytes throws(StorageError) in
      var place = places.lowerBound
      while place < places.upperBound {
        let block = place / EdgeIDHeader.blockIDs
        if !verified.contains(block) { try verify(block, bytes) }
        let upper = min(header.places(of: block).upperBound, places.upperBound)
        while place < upper {
          ids[place &- places.lowerBound] = id(place, bytes)
          place &+= 1
        }
      }
    }
  }

  /// The id at one place.
  /// - Precondition: `place` is in `0..<count`.
  package func id(at place: Int) throws(StorageError) -> UInt64 {
    precondition(place >= 0 && place < count, "edge id \(place) of \(count)")
    return try file.withBytes { bytes throws(StorageError) in
      let block = place / EdgeIDHeader.blockIDs
      if !verified.contains(block) { try verify(block, bytes) }
      return id(place, bytes)
    }
  }

  /// Verifies every block that is not verified yet, and collects what is wrong, up to a limit.
  func sweep(into errors: inout [StorageError]) {
    let limit = errors.count + Verification.problemsPerFile
    for block in 0..<header.blockCount where errors.count < limit {
      do throws(StorageError) {
        _ = try id(at: block * EdgeIDHeader.blockIDs)
      } catch { errors.append(error) }
    }
  }

  /// Gives the memory of the mapping back; later reads fault it in again.
  package func drop() { file.drop() }

  /// Reads one id. The header's size was compared with the file's, so its bytes are there.
  @inline(__always) private func id(_ place: Int, _ bytes: RawSpan) -> UInt64 {
    let block = place / EdgeIDHeader.blockIDs
    let bit = (place &- block &* EdgeIDHeader.blockIDs) &* header.width
    let start = EdgeIDHeader.byteCount &+ block &* header.blockStride &+ bit / 8
    // At the end of the file a word begins earlier. A checksum follows the ids, so that what is
    // wanted lies in the first 60 bits then, too.
    let base = min(start, bytes.byteCount &- 8)
    let shift = UInt64(bit % 8 &+ 8 &* (start &- base))
    let mask = (1 as UInt64) &<< UInt64(header.width) &- 1
    return bytes.littleEndian(at: base, as: UInt64.self) &>> shift & mask
  }

  private func verify(_ block: Int, _ bytes: RawSpan) throws(StorageError) {
    let range = header.payload(of: block)
    let stored = bytes.littleEndian(at: range.upperBound, as: UInt32.self)
    let found = EdgeIDHeader.checksum(of: bytes.extracting(range), block: block)
    guard found == stored else {
      throw .wrongChecksum(
        path: path, byteOffset: range.lowerBound, byteCount: range.count, expected: stored,
        found: found)
    }
    for place in header.places(of: block) {
      let id = id(place, bytes)
      guard id < header.edgeCount else {
        throw .corrupt(
          path: path, byteOffset: range.lowerBound, field: "edge id \(place)",
          expected: "less than \(header.edgeCount)", found: "\(id)")
      }
    }
    try file.checkIntact()
    verified.insert(block)
  }
}
