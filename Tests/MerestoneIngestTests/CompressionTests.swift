import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneIngest

@Suite("Compressed edge lists")
struct CompressionTests {
  private static func text(_ rows: Int, seed: UInt64) -> String {
    var generator = SplitMix64(seed: seed)
    var text = "# head\n"
    for _ in 0..<rows {
      text += "\(UInt32.random(in: 0...999_999, using: &generator))\t"
      text += "\(UInt64.random(in: 0 ... .max, using: &generator))\n"
    }
    return text
  }

  @Test("gzip, zstd and LZ4 give the edges of the plain file", arguments: Compression.allCases)
  func same(kind: Compression) throws {
    let folder = try InputFolder()
    let bytes = Array(Self.text(20_000, seed: 1).utf8)
    let plain = try readEdges(folder.file("edges.tsv", bytes))
    #expect(plain.sources.count == 20_000)
    let name = "edges.tsv.\(kind.fileExtension)"
    #expect(try readEdges(folder.file(name, compressed(bytes, kind))) == plain)
    // Several frames, cut anywhere, empty ones among them.
    let parts = compressed(Array(bytes[..<777]), kind) + compressed([], kind)
    let frames = parts + compressed(Array(bytes[777...]), kind) + compressed([], kind)
    #expect(try readEdges(folder.file(name, frames)) == plain)
    let reader = try EdgeListReader.open("\(folder.path)/\(name)")
    #expect(reader.format == .tsv && !reader.isSplittable && reader.isRepeatable)
  }

  @Test("a file that is cut anywhere is named with the byte", arguments: Compression.allCases)
  func truncated(kind: Compression) throws {
    let folder = try InputFolder()
    let whole = compressed(Array(Self.text(40, seed: 2).utf8), kind)
    for count in stride(from: 4, to: whole.count, by: 3) {
      let path = try folder.file("edges", Array(whole[..<count]))
      #expect(
        thrown { () throws(IngestError) in try readEdges(path) }
          == .truncatedStream(path, kind: kind, byteOffset: count), "cut to \(count) bytes")
    }
  }

  @Test("a flipped bit gives an error, never other edges", arguments: Compression.allCases)
  func flipped(kind: Compression) throws {
    let folder = try InputFolder()
    let text = Array(Self.text(30, seed: 3).utf8)
    let expected = try readEdges(folder.file("plain", text))
    let whole = compressed(text, kind)
    for index in stride(from: 4, to: whole.count, by: 5) {
      var bytes = whole
      bytes[index] ^= 0x10
      let path = try folder.file("edges", bytes)
      do throws(IngestError) {
        // Some bits of a header mean nothing, such as gzip's time.
        let edges = try readEdges(path)
        #expect(edges == expected, "byte \(index)")
      } catch {
        #expect("\(error)".contains("compressed byte"), "\(error)")
      }
    }
  }

  @Test("a name that promises what the bytes are not is refused", arguments: Compression.allCases)
  func misnamed(kind: Compression) throws {
    let folder = try InputFolder()
    let path = try folder.file("edges.tsv.\(kind.fileExtension)", "1\t2\n")
    #expect(
      thrown { () throws(IngestError) in try readEdges(path) }
        == .notCompressed(path, kind: kind))
  }

  @Test("binary pairs and arrays are read compressed", arguments: Compression.allCases)
  func binary(kind: Compression) throws {
    let folder = try InputFolder()
    let values = (0..<200_000).map { UInt32($0) }
    let plain = try readEdges(folder.file("edges.u32", littleEndian(values)))
    let name = "edges.u32.\(kind.fileExtension)"
    #expect(try readEdges(folder.file(name, compressed(littleEndian(values), kind))) == plain)
    let array = npy("<u4", [100_000, 2], littleEndian(values))
    let arrayName = "edges.npy.\(kind.fileExtension)"
    let edges = try readEdges(folder.file(arrayName, compressed(array, kind)))
    #expect(edges.pairs == plain.pairs)
  }
}
