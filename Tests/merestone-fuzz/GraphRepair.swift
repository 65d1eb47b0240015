import MerestoneStorage

/// Makes the checksums of a changed graph right again, as far as the change leaves that possible:
/// those of the file itself and those of the files that vouch for it.
///
/// The offsets are those that `EdgeFileHeader`, `EdgeIDHeader`, `ColumnChecksums` and `GraphManifest` document.
enum GraphRepair {
  /// The changed file and those that vouch for it.
  static func repair(_ file: FuzzFile, in graph: [FuzzFile]) -> [FuzzFile] {
    var file = file
    if file.path == GraphManifest.fileName {
      repairManifest(&file.bytes)
      return [file]
    }
    var changed: [FuzzFile] = []
    var checksum: UInt32?
    if [".csc", ".packed", ".rev"].contains(where: file.path.hasSuffix) {
      repairEdges(&file.bytes)
      checksum = file.bytes.count >= 128 ? checksumOf(file.bytes, 0..<124) : nil
    } else if file.path.hasSuffix(".rev.ids") {
      repairEdgeIDs(&file.bytes)
      checksum = file.bytes.count >= 64 ? checksumOf(file.bytes, 0..<60) : nil
    } else if file.path.hasSuffix(".npy") {
      let name = ColumnChecksums.path(of: file.path)
      guard var side = graph.first(where: { $0.path == name }) else { return [file] }
      guard let bodyStart = arrayBodyStart(file.bytes) else { return [file] }
      let body = Array(file.bytes[bodyStart...])
      let starts = stride(from: 0, to: body.count, by: ColumnChecksums.blockBytes)
      side.bytes =
        ColumnChecksums(
          bodyByteCount: body.count, numpyHeader: Array(file.bytes[..<bodyStart]),
          blocks: starts.map {
            checksumOf(body, $0..<min($0 + ColumnChecksums.blockBytes, body.count))
          }
        ).encoded()
      checksum = checksumOf(side.bytes, 0..<side.bytes.count)
      changed.append(side)
    } else if file.path.hasSuffix(".crc") {
      repairSide(&file.bytes)
      checksum = checksumOf(file.bytes, 0..<file.bytes.count)
    }
    changed.insert(file, at: 0)
    if let manifest = manifest(of: graph, listing: changed, checksum: checksum) {
      changed.append(manifest)
    }
    return changed
  }

  /// The manifest with the sizes and checksums of changed files.
  private static func manifest(
    of graph: [FuzzFile], listing changed: [FuzzFile], checksum: UInt32?
  ) -> FuzzFile? {
    guard let file = graph.first(where: { $0.path == GraphManifest.fileName }),
      var manifest = try? GraphManifest(decoding: file.bytes, path: file.path)
    else { return nil }
    for index in manifest.files.indices {
      var entry = manifest.files[index]
      for file in changed where file.path == entry.path { entry.bytes = file.bytes.count }
      let column = changed[0].path.hasSuffix(".crc") ? changed[0].path.dropLast(4) : ""
      if let checksum, changed.contains(where: { $0.path == entry.path }) || entry.path == column {
        entry.checksum = checksum
      }
      manifest.files[index] = entry
    }
    guard let bytes = try? manifest.encoded() else { return nil }
    return FuzzFile(path: file.path, bytes: bytes)
  }

  /// The first line vouches for all that follow: `{"checksum":"crc32c:xxxxxxxx","manifest":`.
  static func repairManifest(_ bytes: inout [UInt8]) {
    let digits = 20..<28
    guard bytes.count >= 42, bytes[41] == UInt8(ascii: "\n") else { return }
    let text = String(checksumOf(bytes, 42..<bytes.count), radix: 16)
    let padded = String(repeating: "0", count: 8 - text.count) + text
    bytes.replaceSubrange(digits, with: Array(padded.utf8))
  }

  static func repairEdges(_ bytes: inout [UInt8]) {
    guard bytes.count >= 128 else { return }
    func entries(_ count: UInt64, per piece: UInt64) -> Int {
      let pieces = count / piece + (count % piece == 0 ? 0 : 1)
      return Int(min(pieces, UInt64(bytes.count)))
    }
    let blocks = entries(number(bytes, 24, 8), per: 512)
    let pages = entries(number(bytes, 32, 8), per: 4096)
    for block in 0..<blocks {
      repairEntry(
        &bytes, at: 128 + 24 * block, offsetAt: 8, countAt: 16, mask: .max, checksumAt: 20)
    }
    for page in 0..<pages {
      repairEntry(
        &bytes, at: 128 + 24 * blocks + 16 * page, offsetAt: 0, countAt: 8, mask: 0x7FFF_FFFF,
        checksumAt: 12)
    }
    store(checksumOf(bytes, 0..<124), in: &bytes, at: 124)
  }

  /// A directory entry: the checksum covers its payload, then the entry up to the checksum.
  private static func repairEntry(
    _ bytes: inout [UInt8], at entry: Int, offsetAt: Int, countAt: Int, mask: UInt64,
    checksumAt: Int
  ) {
    guard entry + checksumAt + 4 <= bytes.count else { return }
    let offset = number(bytes, entry + offsetAt, 8)
    let count = number(bytes, entry + countAt, 4) & mask
    guard offset <= UInt64(bytes.count), count <= UInt64(bytes.count) - offset else { return }
    var checksum = Checksum(checksumOf(bytes, Int(offset)..<Int(offset + count)))
    checksum.update(bytes.span.bytes.extracting(entry..<entry + checksumAt))
    store(checksum.value, in: &bytes, at: entry + checksumAt)
  }

  static func repairEdgeIDs(_ bytes: inout [UInt8]) {
    guard bytes.count >= 64 else { return }
    let width = Int(min(number(bytes, 12, 4), 64))
    var left = Int(min(number(bytes, 16, 8), 1 << 32))
    var (start, block) = (64, 0)
    while left > 0 {
      let end = start + (min(left, 4096) * width + 7) / 8
      guard end + 4 <= bytes.count else { break }
      var checksum = Checksum(checksumOf(bytes, start..<end))
      let place = (0..<8).map { UInt8(truncatingIfNeeded: block >> (8 * $0)) }
      checksum.update(place.span.bytes)
      store(checksum.value, in: &bytes, at: end)
      (left, start, block) = (left - 4096, end + 4, block + 1)
    }
    store(checksumOf(bytes, 0..<60), in: &bytes, at: 60)
  }

  static func repairSide(_ bytes: inout [UInt8]) {
    guard bytes.count >= 48 else { return }
    store(checksumOf(bytes, 48..<bytes.count), in: &bytes, at: 40)
    store(checksumOf(bytes, 0..<44), in: &bytes, at: 44)
  }

  /// Where the values of an array start; nil where the bytes are no array.
  private static func arrayBodyStart(_ bytes: [UInt8]) -> Int? {
    guard bytes.count >= 12, bytes[0] == 0x93 else { return nil }
    let start =
      bytes[6] == 1 ? 10 + Int(number(bytes, 8, 2)) : 12 + Int(number(bytes, 8, 4))
    return start <= bytes.count ? start : nil
  }

  private static func checksumOf(_ bytes: [UInt8], _ range: Range<Int>) -> UInt32 {
    Checksum.of(bytes.span.bytes.extracting(range))
  }

  private static func number(_ bytes: [UInt8], _ offset: Int, _ size: Int) -> UInt64 {
    (0..<size).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
  }

  private static func store(_ value: UInt32, in bytes: inout [UInt8], at offset: Int) {
    for index in 0..<4 {
      bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(8 * index))
    }
  }
}
