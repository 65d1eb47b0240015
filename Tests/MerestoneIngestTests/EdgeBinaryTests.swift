import MerestoneCore
import Testing

@testable import MerestoneIngest

@Suite("Edge lists as binary pairs and arrays")
struct EdgeBinaryTests {
  @Test("pairs of 4 and 8 bytes are read in order")
  func pairs() throws {
    let folder = try InputFolder()
    let small = try folder.file("edges.u32", littleEndian([1, 2, .max, 4] as [UInt32]))
    #expect(try readEdges(small).pairs == ["1>2", "4294967295>4"])
    let large = try folder.file("edges.u64", littleEndian([1, .max, 3, 4] as [UInt64]))
    #expect(try readEdges(large).pairs == ["1>18446744073709551615", "3>4"])
    #expect(try EdgeListReader.open(large).knownEdgeCount == 2)
    let packed = try folder.file("edges.u64.gz", gzip(littleEndian([1, 2, 3, 4] as [UInt64])))
    #expect(try readEdges(packed).pairs == ["1>2", "3>4"])
  }

  @Test("many pairs come in batches whose first rows follow each other")
  func batches() throws {
    let folder = try InputFolder()
    let values = (0..<300_000).map { UInt32($0) }
    let edges = try readEdges(folder.file("edges.u32", littleEndian(values)))
    #expect(edges.rows == [0, 65536, 131072])
    #expect(edges.sources.count == 150_000 && edges.destinations.last == "299999")
  }

  @Test("arrays of shape [E, 2] and [2, E], C and Fortran order, all integer types")
  func arrays() throws {
    let folder = try InputFolder()
    let rows = ["1>2", "3>4", "5>6"]
    let interleaved: [Int64] = [1, 2, 3, 4, 5, 6]
    let halves: [Int64] = [1, 3, 5, 2, 4, 6]
    let types: [(String, ([Int64]) -> [UInt8])] = [
      ("<i8", { littleEndian($0) }), ("<u8", { littleEndian($0.map { UInt64($0) }) }),
      ("<i4", { littleEndian($0.map { Int32($0) }) }),
      ("<u4", { littleEndian($0.map { UInt32($0) }) }),
      ("<i2", { littleEndian($0.map { Int16($0) }) }),
      ("<u2", { littleEndian($0.map { UInt16($0) }) }), ("|i1", { $0.map { UInt8($0) } }),
      ("|u1", { $0.map { UInt8($0) } }),
    ]
    for (type, encode) in types {
      let cases: [([Int], Bool, [Int64])] = [
        ([3, 2], false, interleaved), ([2, 3], false, halves), ([3, 2], true, halves),
        ([2, 3], true, interleaved),
      ]
      for (shape, fortran, values) in cases {
        let bytes = npy(type, shape, fortran: fortran, encode(values))
        #expect(try readEdges(folder.file("edges.npy", bytes)).pairs == rows, "\(type) \(shape)")
        #expect(
          try readEdges(folder.file("edges.npy.gz", gzip(bytes))).pairs == rows,
          "\(type) \(shape)")
      }
    }
  }

  @Test("a fault behind edges that a resumed reading left out names the same byte")
  func resumedFault() throws {
    let folder = try InputFolder()
    for shape in [[3, 2], [2, 3]] {
      let array = npy("|u1", shape, [1, 2, 3, 4, 5, 6])
      let reader = try EdgeListReader.open(
        folder.file("edges.npy.gz", gzip(array + [7])))
      let pool = ThreadPool(threads: 1)
      let starts = [nil, TextPosition(byteOffset: 0, row: 2, line: 0)]
      let faults = try starts.map { start in
        let stream = try reader.stream(from: start, pool: pool)
        return thrown { () throws(IngestError) in while try stream.next() != nil {} }
      }
      #expect(faults[0] != nil && faults[0] == faults[1])
      #expect("\(faults[0]!)".contains("byte \(array.count)"))
    }
  }

  @Test("an array of no edges is a graph without edges where that is allowed")
  func empty() throws {
    let folder = try InputFolder()
    let path = try folder.file("edges.npy", npy("<i8", [0, 2], []))
    #expect(thrown { () throws(IngestError) in try readEdges(path) } == .emptyFile(path))
    var options = EdgeListReader.Options()
    options.allowsEmpty = true
    #expect(try readEdges(path, options: options).pairs.isEmpty)
    for name in ["edges.u32", "edges.tsv"] {
      #expect(try readEdges(folder.file(name, ""), options: options).pairs.isEmpty)
    }
    let comments = try folder.file("c.tsv", "# columns: src\tdst\n")
    #expect(try readEdges(comments, options: options).pairs.isEmpty)
  }
}
