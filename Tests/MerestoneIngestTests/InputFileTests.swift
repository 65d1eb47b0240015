import Foundation
import MerestoneCore
import Testing

@testable import MerestoneIngest

@Suite("Input files on disk")
struct InputFileTests {
  @Test("that change while they are read are named", arguments: ["tsv", "u32", "tsv.gz"])
  func changed(kind: String) throws {
    let folder = try InputFolder()
    let text = Array(String(repeating: "1\t2\n", count: 200_000).utf8)
    let path = try folder.file(
      "edges.\(kind)", kind == "tsv.gz" ? gzip(text) : text)
    let size = try EdgeListReader.open(path).fileBytes
    let changes: [(String, (FileHandle) throws -> Void)] = [
      (
        "it grew from \(size) to \(size + 4) bytes",
        { handle in
          try handle.seekToEnd()
          try handle.write(contentsOf: Data([49, 9, 50, 10]))
        }
      ),
      (
        "it shrank from \(size) to \(size / 2) bytes",
        { try $0.truncate(atOffset: UInt64(size / 2)) }
      ),
      (
        "it was written to",
        { handle in
          try handle.seek(toOffset: 8)
          try handle.write(contentsOf: Data([text[8]]))
        }
      ),
    ]
    let original = try Data(contentsOf: URL(fileURLWithPath: path))
    for (detail, change) in changes {
      try original.write(to: URL(fileURLWithPath: path))
      let reader = try EdgeListReader.open(path)
      let stream = try reader.stream(pool: ThreadPool(threads: 1))
      #expect(try stream.next() != nil)
      usleep(10_000)
      let handle = try FileHandle(forUpdating: URL(fileURLWithPath: path))
      try change(handle)
      try handle.close()
      let expected = IngestError.fileChanged(path, detail: detail)
      #expect(
        thrown { () throws(IngestError) in while try stream.next() != nil {} } == expected)
      #expect(thrown { () throws(IngestError) in try reader.checkUnchanged() } == expected)
      #expect(
        thrown { () throws(IngestError) in try reader.stream(pool: ThreadPool(threads: 1)) }
          == expected)
      #expect(
        thrown { () throws(IngestError) in
          try EdgeInputs(readers: [reader]).read(
            pool: ThreadPool(threads: 2), memory: 1 << 20, wrapping: { $0 },
            sink: { (_, _) throws(IngestError) in })
        } == expected)
    }
  }

  @Test("are found by patterns, in the order of their names")
  func patterns() throws {
    let folder = try InputFolder()
    for name in ["edges-2.csv", "edges-10.csv", "edges-1.csv", "other.csv", "odd[1].csv"] {
      _ = try folder.file(name, "1,2\n")
    }
    let path = folder.path
    #expect(
      try InputGlob.expand(["\(path)/edges-*.csv", "-", "\(path)/missing.csv"])
        == [
          "\(path)/edges-1.csv", "\(path)/edges-10.csv", "\(path)/edges-2.csv", "-",
          "\(path)/missing.csv",
        ])
    #expect(try InputGlob.expand(["\(path)/odd[1].csv"]) == ["\(path)/odd[1].csv"])
    #expect(try InputGlob.expand(["\(path)/edges-?.csv"]).count == 2)
    let error = thrown { () throws(IngestError) in try InputGlob.expand(["\(path)/no-*.csv"]) }
    #expect(error == .noFileMatches(pattern: "\(path)/no-*.csv"))
    #expect(error?.isUsage == true)
  }

  @Test("of pairs say where their ids lie")
  func layouts() throws {
    let folder = try InputFolder()
    func layout(_ name: String, _ bytes: [UInt8]) throws -> PairLayout? {
      try EdgeListReader.open(folder.file(name, bytes)).pairLayout
    }
    let zeros = [UInt8](repeating: 0, count: 48)
    #expect(
      try layout("a.u32", zeros)
        == PairLayout(byteOffset: 0, idBytes: 4, count: 6, isSigned: false))
    #expect(
      try layout("a.u64", zeros)
        == PairLayout(byteOffset: 0, idBytes: 8, count: 3, isSigned: false))
    let array = npy("<i8", [3, 2], zeros)
    #expect(
      try layout("a.npy", array)
        == PairLayout(byteOffset: array.count - 48, idBytes: 8, count: 3, isSigned: true))
    #expect(try layout("b.npy", npy("<u4", [2, 6], fortran: true, zeros))?.isSigned == false)
    #expect(try layout("c.npy", npy("<u4", [2, 6], zeros)) == nil)
    #expect(try layout("d.npy", npy("<u2", [12, 2], zeros)) == nil)
    #expect(try layout("e.npy.gz", gzip(array)) == nil)
    #expect(try layout("f.tsv", Array("1\t2\n".utf8)) == nil)
  }
}
