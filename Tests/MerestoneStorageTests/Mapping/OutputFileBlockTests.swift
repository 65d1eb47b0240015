import MerestoneTestSupport
import Testing

@testable import MerestoneStorage

@Suite("An output file written in blocks")
struct OutputFileBlockTests {
  /// Bytes that tell their place.
  private static func bytes(_ range: Range<Int>) -> [UInt8] {
    range.map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
  }

  private static let block = 2 << 20

  @Test(
    "holds what was appended, in parts that end before, at and after blocks",
    arguments: [
      [1, 2 << 20, 3], [(2 << 20) - 1, 1, 1], [2 << 20, 2 << 20], [(5 << 20) + 7, 0, 9, 6 << 20],
      [100, (4 << 20) - 100, 1], [7, (9 << 20) + 1],
    ])
  func holdsWhatWasAppended(parts: [Int]) throws {
    let folder = TemporaryFolder()
    let path = folder.file("out")
    var file = try OutputFile(path: path)
    var start = 0
    for part in parts {
      try file.append(Self.bytes(start..<start + part))
      start += part
      #expect(file.count == start)
    }
    try file.overwrite(([42, 43] as [UInt8]).span.bytes, at: 5)
    #expect(try file.finish() == start)
    var expected = Self.bytes(0..<start)
    expected.replaceSubrange(5..<7, with: [42, 43])
    let isWhole = TestFile.read(path) == expected
    #expect(isWhole)
  }

  @Test(
    "goes on at a checkpoint, whatever came after it",
    arguments: [3, block - 1, block, block + 5])
  func goesOn(kept: Int) throws {
    let folder = TemporaryFolder()
    let path = folder.file("out")
    let total = kept + 2 * Self.block + 11
    do {
      var file = try OutputFile(path: path)
      try file.append(Self.bytes(0..<kept))
      try file.checkpoint()
      try file.append([UInt8](repeating: 0xEE, count: 3 * Self.block))
    }
    var file = try OutputFile(path: path, resumingAt: kept)
    try file.append(Self.bytes(kept..<kept + 10))
    try file.append(Self.bytes(kept + 10..<total))
    try file.finish()
    let isWhole = TestFile.read(path) == Self.bytes(0..<total)
    #expect(isWhole)
  }
}
