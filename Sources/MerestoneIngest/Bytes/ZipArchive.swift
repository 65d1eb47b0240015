/// The directory of a zip file: stored and deflated entries, with 64-bit sizes where needed.
///
/// Read from the end, as the format asks (APPNOTE.TXT 6.3, sections 4.3.12-4.3.16):
///
/// | record | signature | fields used (offset: size) |
/// |---|---|---|
/// | end | 06054b50 | entries 10:2, directory bytes 12:4, directory offset 16:4 |
/// | zip64 locator | 07064b50, 20 bytes before the end record | offset of the zip64 end 8:8 |
/// | zip64 end | 06064b50 | entries 32:8, directory bytes 40:8, directory offset 48:8 |
/// | directory entry | 02014b50 | flags 8:2, method 10:2, CRC-32 16:4, compressed 20:4, size 24:4, name 28:2, extra 30:2, comment 32:2, local header 42:4 |
/// | local header | 04034b50 | name 26:2, extra 28:2; data follow |
struct ZipArchive: Sendable {
  struct Entry: Sendable {
    var name: String
    var isDeflated: Bool
    var checksum: UInt32
    var compressedBytes: Int
    var bytes: Int
    var headerOffset: Int
  }

  let file: InputFile
  private(set) var entries: [Entry] = []

  private static let largestDirectory = 1 << 24

  init(path: String) throws(IngestError) {
    file = try InputFile(path: path)
    if file.bytes == 0 { throw .emptyFile(path) }
    let (offset, bytes) = try findDirectory()
    try readDirectory(offset: offset, bytes: bytes)
  }

  /// The entry called `name`.
  func entry(_ name: String) -> Entry? { entries.first { $0.name == name } }

  func damaged(_ offset: Int, _ detail: String) -> IngestError {
    .corruptArchive(file.path, byteOffset: offset, detail: detail)
  }

  /// Exactly `count` bytes at `offset`.
  func bytes(at offset: Int, count: Int) throws(IngestError) -> ByteBuffer {
    guard offset >= 0, count >= 0, offset <= file.bytes, count <= file.bytes - offset else {
      throw damaged(offset, "\(count) bytes expected beyond the end of the file")
    }
    let buffer = ByteBuffer(capacity: max(1, count))
    guard try file.read(at: offset, into: buffer, range: 0..<count) == count else {
      throw damaged(offset, "the file ends too early")
    }
    return buffer
  }

  private func findDirectory() throws(IngestError) -> (offset: Int, bytes: Int) {
    let tail = min(file.bytes, 22 + 65_535)
    let start = file.bytes - tail
    let buffer = try bytes(at: start, count: tail)
    let view = buffer.view(count: tail)
    var end = tail - 22
    while end >= 0, view.load(at: end, as: UInt32.self) != 0x0605_4b50 { end -= 1 }
    guard end >= 0 else { throw damaged(file.bytes, "no end record; the file is truncated") }
    var offset = Int(view.load(at: end + 16, as: UInt32.self))
    var size = Int(view.load(at: end + 12, as: UInt32.self))
    if end >= 20, view.load(at: end - 20, as: UInt32.self) == 0x0706_4b50 {
      let wide = view.load(at: end - 12, as: UInt64.self)
      guard let place = Int(exactly: wide) else { throw damaged(start + end, "zip64 offset") }
      let record = try bytes(at: place, count: 56)
      let fields = record.view(count: 56)
      guard fields.load(at: 0, as: UInt32.self) == 0x0606_4b50,
        let wideSize = Int(exactly: fields.load(at: 40, as: UInt64.self)),
        let wideOffset = Int(exactly: fields.load(at: 48, as: UInt64.self))
      else { throw damaged(place, "zip64 end record") }
      (offset, size) = (wideOffset, wideSize)
    }
    guard size <= Self.largestDirectory else { throw damaged(offset, "directory of \(size) bytes") }
    return (offset, size)
  }

  private mutating func readDirectory(offset: Int, bytes size: Int) throws(IngestError) {
    let buffer = try bytes(at: offset, count: size)
    let view = buffer.view(count: size)
    var position = 0
    while position + 46 <= size {
      guard view.load(at: position, as: UInt32.self) == 0x0201_4b50 else {
        throw damaged(offset + position, "directory entry")
      }
      let nameBytes = Int(view.load(at: position + 28, as: UInt16.self))
      let extraBytes = Int(view.load(at: position + 30, as: UInt16.self))
      let commentBytes = Int(view.load(at: position + 32, as: UInt16.self))
      let next = position + 46 + nameBytes + extraBytes + commentBytes
      guard next <= size else { throw damaged(offset + position, "directory entry") }
      let name = view.string(position + 46..<position + 46 + nameBytes)
      let method = view.load(at: position + 10, as: UInt16.self)
      guard view.load(at: position + 8, as: UInt16.self) & 1 == 0 else {
        throw damaged(offset + position, "'\(name)' is encrypted")
      }
      guard method == 0 || method == 8 else {
        throw damaged(offset + position, "'\(name)' has the compression method \(method)")
      }
      var wide = WideFields(
        view: view, offset: position + 46 + nameBytes, bytes: extraBytes)
      let size32 = view.load(at: position + 24, as: UInt32.self)
      let compressed32 = view.load(at: position + 20, as: UInt32.self)
      let header32 = view.load(at: position + 42, as: UInt32.self)
      // The 64-bit fields are present, in this order, for those that are all ones.
      guard let bytes = wide.value(size32), let compressed = wide.value(compressed32),
        let header = wide.value(header32)
      else { throw damaged(offset + position, "sizes of '\(name)'") }
      entries.append(
        Entry(
          name: name, isDeflated: method == 8,
          checksum: view.load(at: position + 16, as: UInt32.self), compressedBytes: compressed,
          bytes: bytes, headerOffset: header))
      position = next
    }
  }
}

/// The zip64 extra field (id 1) of a directory entry.
private struct WideFields {
  let view: TextView
  var offset = 0
  var end = 0

  init(view: TextView, offset: Int, bytes: Int) {
    self.view = view
    var position = offset
    while position + 4 <= offset + bytes {
      let id = view.load(at: position, as: UInt16.self)
      let length = Int(view.load(at: position + 2, as: UInt16.self))
      if id == 1 {
        self.offset = position + 4
        end = min(position + 4 + length, offset + bytes)
        return
      }
      position += 4 + length
    }
  }

  mutating func value(_ narrow: UInt32) -> Int? {
    if narrow != .max { return Int(narrow) }
    guard offset + 8 <= end else { return nil }
    defer { offset += 8 }
    return Int(exactly: view.load(at: offset, as: UInt64.self))
  }
}
