import Foundation
import Glibc
import MerestoneStorage
import MerestoneTestSupport
import Testing

@Suite("Mapped files")
struct MappedFileTests {
  let folder = TemporaryFolder()

  @Test("lend the bytes of the file", arguments: [0, 1, 4096, 5000])
  func lends(count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
    TestFile.write(bytes, to: folder.file("a"))
    let file = try MappedFile(path: folder.file("a"), expectedBytes: count)
    let read = try file.withBytes { span in
      (0..<span.byteCount).map { span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) }
    }
    #expect(read == bytes)
    let found = file.count
    #expect(found == count)
  }

  @Test("of another size than expected are refused with both sizes")
  func refusesSize() {
    let path = folder.file("a")
    TestFile.write([1, 2, 3], to: path)
    #expect(throws: StorageError.wrongSize(path: path, expected: 4, found: 3)) {
      _ = try MappedFile(path: path, expectedBytes: 4)
    }
  }

  @Test("that are missing, or are no files, are refused")
  func refusesMissing() {
    let path = folder.file("none")
    #expect(throws: StorageError.missing(path: path)) { _ = try MappedFile(path: path) }
    #expect(throws: StorageError.self) { _ = try MappedFile(path: folder.path) }
  }

  @Test("read the same after their memory was dropped")
  func drops() throws {
    let bytes = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    TestFile.write(bytes, to: folder.file("a"))
    let file = try MappedFile(path: folder.file("a"))
    let before = try file.withBytes { Checksum.of($0) }
    file.drop(5000..<15_000)
    file.drop()
    let after = try file.withBytes { Checksum.of($0) }
    #expect(after == before)
  }

  @Test("are copied from past the mapping, also where more are wanted than may stay open")
  func copies() throws {
    let path = folder.file("bytes")
    TestFile.write((0..<5000).map { UInt8(truncatingIfNeeded: $0) }, to: path)
    /// A file that goes with its owner.
    final class Owner {
      let file: MappedFile
      init(_ path: String) throws(StorageError) {
        file = try MappedFile(path: path, staysOpen: true)
      }
    }
    var owners: [Owner] = []
    for _ in 0..<MappedFile.mostOpen + 20 { owners.append(try Owner(path)) }
    let open = TemporaryFolder.entries("/proc/self/fd").count {
      (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\($0)")) == path
    }
    #expect(open <= MappedFile.mostOpen)
    for owner in [owners[0], owners[owners.count - 1]] {
      var bytes = [UInt8](repeating: 7, count: 10)
      var span = bytes.mutableSpan
      try owner.file.copyBytes(at: 4990, into: &span, part: 2..<8)
      #expect(bytes == [7, 7, 126, 127, 128, 129, 130, 131, 7, 7])
      span = bytes.mutableSpan
      #expect(throws: StorageError.truncatedWhileMapped(path: path)) {
        try owner.file.copyBytes(at: 4995, into: &span, part: 0..<6)
      }
    }
    owners = []
    let again = try Owner(path)
    #expect(again.file.count == 5000)
  }

  @Test("that shrink under the reader give an error, and other mappings stay usable")
  func truncation() throws {
    let path = folder.file("a")
    TestFile.write([UInt8](repeating: 7, count: 20_000), to: path)
    TestFile.write([UInt8](repeating: 9, count: 20_000), to: folder.file("b"))
    let file = try MappedFile(path: path)
    let other = try MappedFile(path: folder.file("b"))
    TestFile.resize(path, to: 4096)
    let first = try file.withBytes { $0.unsafeLoad(fromByteOffset: 100, as: UInt8.self) }
    #expect(first == 7)
    #expect(throws: StorageError.truncatedWhileMapped(path: path)) {
      _ = try file.withBytes { $0.unsafeLoad(fromByteOffset: 15_000, as: UInt8.self) }
    }
    // A reader that notices wrong bytes itself also learns the cause.
    #expect(throws: StorageError.truncatedWhileMapped(path: path)) {
      try file.withBytes { _ throws(StorageError) in throw StorageError.missing(path: path) }
    }
    let untouched = try other.withBytes { $0.unsafeLoad(fromByteOffset: 15_000, as: UInt8.self) }
    let damaged = (file.isDamaged, other.isDamaged)
    #expect(damaged == (true, false))
    #expect(untouched == 9)
  }

  @Test("that lose all their pages are noticed each time, also where a guard slot is used again")
  func truncationToNothing() throws {
    for _ in 0..<20 {
      let path = folder.file("a")
      TestFile.write([UInt8](repeating: 7, count: 1 << 18), to: path)
      let file = try MappedFile(path: path)
      TestFile.resize(path, to: 0)
      #expect(throws: StorageError.truncatedWhileMapped(path: path)) {
        _ = try file.withBytes { Checksum.of($0) }
      }
    }
  }

  @Test("leave every other SIGBUS deadly")
  func foreignSignal() async {
    await #expect(processExitsWith: .signal(SIGBUS)) {
      let folder = TemporaryFolder()
      TestFile.write([1], to: folder.file("a"))
      _ = try MappedFile(path: folder.file("a"))
      unsafe setenv("SWIFT_BACKTRACE", "enable=no", 1)
      raise(SIGBUS)
    }
  }
}

/// The checksum bit by bit, as its definition says.
private func checksumByDefinition(
  _ bytes: some Sequence<UInt8>, continuing start: UInt32 = 0
) -> UInt32 {
  var crc = ~start
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = (crc >> 1) ^ (crc & 1 == 1 ? 0x82F6_3B78 : 0) }
  }
  return ~crc
}

@Suite("CRC-32C")
struct ChecksumTests {
  @Test("of the digits 1 to 9 is the published check value")
  func checkValue() {
    let digits = Array("123456789".utf8)
    #expect(Checksum.of(digits.span.bytes) == 0xE306_9283)
    #expect(checksumByDefinition(digits) == 0xE306_9283)
  }

  @Test("of the kernel equals the definition at any split", arguments: 0..<40 as Range<UInt64>)
  func matchesReference(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let bytes = (0..<Int.random(in: 0...300, using: &generator)).map { _ in
      UInt8.random(in: 0...255, using: &generator)
    }
    let cut = Int.random(in: 0...bytes.count, using: &generator)
    var checksum = Checksum()
    let (head, tail) = (Array(bytes[..<cut]), Array(bytes[cut...]))
    checksum.update(head.span.bytes)
    checksum.update(tail.span.bytes)
    #expect(checksum.value == checksumByDefinition(bytes))
    let part = checksumByDefinition(head)
    #expect(checksumByDefinition(tail, continuing: part) == checksumByDefinition(bytes))
  }
}

@Suite("Files under a temporary name")
struct OutputFileTests {
  let folder = TemporaryFolder()

  @Test(
    "get their name when they are finished, whatever the portions", arguments: [13, 1000, 300_000])
  func writes(portion: Int) throws {
    let bytes = (0..<700_001).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var file = try OutputFile(path: folder.file("a"))
    for start in stride(from: 0, to: bytes.count, by: portion) {
      try file.append(Array(bytes[start..<min(start + portion, bytes.count)]))
    }
    #expect(folder.names == ["a.partial"])
    let header: [UInt8] = [1, 2, 3]
    try file.overwrite(header.span.bytes, at: 5)
    let size = try file.finish()
    #expect(size == bytes.count)
    #expect(folder.names == ["a"])
    #expect(TestFile.read(folder.file("a")) == bytes[..<5] + header + bytes[8...])
  }

  @Test("leave nothing behind when they are given up, and keep the old file")
  func abandons() throws {
    TestFile.write([1], to: folder.file("a"))
    do {
      var file = try OutputFile(path: folder.file("a"))
      try file.append([2, 3])
    }
    #expect(folder.names == ["a"])
    #expect(TestFile.read(folder.file("a")) == [1])
  }

  @Test("tell which operation failed on which path")
  func fails() {
    let path = folder.file("none/a")
    #expect(throws: StorageError.io(path: path, operation: "create", code: ENOENT)) {
      _ = try OutputFile(path: path)
    }
    let full = StorageError.io(path: "/x", operation: "write", code: ENOSPC)
    #expect(full.isInputOutput)
    #expect(full.description.hasPrefix("cannot write /x: No space left on device; free space"))
  }

  @Test("report a full disk", .enabled(if: access("/dev/full", W_OK) == 0))
  func fullDisk() throws {
    // The temporary file is a link to the device that is always full.
    unsafe symlink("/dev/full", folder.file("a.partial"))
    #expect(
      throws: StorageError.io(path: folder.file("a"), operation: "write", code: ENOSPC)
    ) {
      var file = try OutputFile(path: folder.file("a"))
      try file.append([UInt8](repeating: 1, count: 1 << 20))
      try file.finish()
    }
    #expect(folder.names == [])
  }
}

@Suite("Storage errors")
struct StorageErrorTests {
  @Test("name the file, the byte, what was expected and found, and the mend")
  func descriptions() {
    let error = StorageError.wrongChecksum(
      path: "g/x.npy", byteOffset: 128, byteCount: 64, expected: 1, found: 0xC0FFEE)
    #expect(
      error.description == "g/x.npy: bytes 128..<192 are damaged: expected CRC-32C 0x00000001, "
        + "found 0x00c0ffee; copy the file again or make the graph again")
    #expect(!error.isInputOutput)
  }
}
