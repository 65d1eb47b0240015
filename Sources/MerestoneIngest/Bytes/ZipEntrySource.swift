import CZlib

/// The bytes of one entry of a zip archive; its size and CRC-32 are checked at the end.
final class ZipEntrySource: ByteReading {
  private let archive: ZipArchive
  private let entry: ZipArchive.Entry
  private var fileOffset: Int
  private let fileEnd: Int
  private var made = 0
  private var checksum: UInt = 0
  private var inflater = Inflater(.raw)
  private let input: ByteBuffer
  private var start = 0
  private var end = 0
  private var ended = false

  init(_ entry: ZipArchive.Entry, of archive: ZipArchive) throws(IngestError) {
    self.archive = archive
    self.entry = entry
    let header = try archive.bytes(at: entry.headerOffset, count: 30)
    let view = header.view(count: 30)
    guard view.load(at: 0, as: UInt32.self) == 0x0403_4b50 else {
      throw archive.damaged(entry.headerOffset, "header of '\(entry.name)'")
    }
    fileOffset =
      entry.headerOffset + 30 + Int(view.load(at: 26, as: UInt16.self))
      + Int(view.load(at: 28, as: UInt16.self))
    let (last, overflow) = fileOffset.addingReportingOverflow(entry.compressedBytes)
    guard !overflow, last <= archive.file.bytes else {
      throw archive.damaged(entry.headerOffset, "'\(entry.name)' ends beyond the file")
    }
    fileEnd = last
    input = ByteBuffer(capacity: entry.isDeflated ? 1 << 17 : 1)
    if !entry.isDeflated, entry.compressedBytes != entry.bytes {
      throw archive.damaged(entry.headerOffset, "sizes of '\(entry.name)'")
    }
  }

  func read(into buffer: ByteBuffer, range: Range<Int>) throws(IngestError) -> Int {
    var position = range.lowerBound
    while position < range.upperBound, !ended {
      let room = position..<range.upperBound
      let count = try entry.isDeflated ? inflateSome(buffer, room) : copySome(buffer, room)
      add(buffer, position..<position + count)
      position += count
      made += count
      if made > entry.bytes { throw damaged("more bytes than its header says") }
      if made == entry.bytes {
        ended = true
        if UInt32(truncatingIfNeeded: checksum) != entry.checksum {
          throw damaged("wrong CRC-32")
        }
      } else if ended {
        throw damaged("ends after \(made) of \(entry.bytes) bytes")
      }
    }
    return position - range.lowerBound
  }

  private func damaged(_ detail: String) -> IngestError {
    archive.damaged(fileOffset - (end - start), "'\(entry.name)': \(detail)")
  }

  private func copySome(_ buffer: ByteBuffer, _ range: Range<Int>) throws(IngestError) -> Int {
    let want = min(range.count, fileEnd - fileOffset)
    let count = try archive.file.read(
      at: fileOffset, into: buffer, range: range.lowerBound..<range.lowerBound + want)
    fileOffset += count
    if count < want || want == 0 { ended = true }
    return count
  }

  private func inflateSome(_ buffer: ByteBuffer, _ range: Range<Int>) throws(IngestError) -> Int {
    if start == end {
      let want = min(input.capacity, fileEnd - fileOffset)
      let count = try archive.file.read(at: fileOffset, into: input, range: 0..<want)
      fileOffset += count
      (start, end) = (0, count)
      if count == 0 {
        ended = true
        return 0
      }
    }
    let (taken, count, step) = inflater.run(input, start..<end, buffer, range)
    start += taken
    switch step {
    case .more: break
    case .end: ended = true
    case .damaged(let detail): throw damaged(detail)
    }
    return count
  }

  private func add(_ buffer: ByteBuffer, _ range: Range<Int>) {
    let old = checksum
    checksum = unsafe buffer.withMutableBytes(range) { bytes in
      // SAFETY: the bytes are lent for the time of the call; ranges are below 4 GiB.
      unsafe crc32_z(old, bytes.baseAddress!.assumingMemoryBound(to: UInt8.self), bytes.count)
    }
  }
}
