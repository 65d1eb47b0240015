import MerestoneCore
import MerestoneStorage
import MerestoneTestSupport
import Testing

@testable import MerestoneIngest

@Suite("Node features")
struct FeatureTests {
  /// All rows as bytes, and how many batches they came in.
  private func read(
    _ path: String, batchBytes: Int = 1 << 20
  ) throws(IngestError) -> (reader: FeatureReader, bytes: [UInt8], batches: Int) {
    let reader = try FeatureReader.open(path)
    let stream = try reader.stream(batchBytes: batchBytes)
    var bytes: [UInt8] = []
    var rows = 0
    var batches = 0
    while let batch = try stream.next() {
      #expect(batch.firstRow == rows)
      rows += batch.count
      batches += 1
      bytes += batch.bytes
    }
    #expect(rows == reader.rowCount)
    return (reader, bytes, batches)
  }

  private func message(_ bytes: [UInt8], name: String) throws -> String {
    let folder = try InputFolder()
    let path = try folder.file(name, bytes)
    let error = thrown { () throws(IngestError) in _ = try read(path) }
    return (error.map { "\($0)" } ?? "no error").replacing(folder.path + "/", with: "")
  }

  @Test("f32, f16 and u8 keep their bytes; f64 and integers become f32")
  func dense() throws {
    let folder = try InputFolder()
    let floats: [Float] = [1, -2.5, 3, 0, 0x1p-20, 6]
    let halves = floats.map { Float16($0).bitPattern }
    let cases: [(String, [UInt8], ElementType, [UInt8])] = [
      ("<f4", littleEndian(floats), .f32, littleEndian(floats)),
      ("<f2", littleEndian(halves), .f16, littleEndian(halves)),
      ("|u1", [1, 2, 3, 4, 5, 255], .u8, [1, 2, 3, 4, 5, 255]),
      ("|b1", [1, 0, 1, 0, 1, 1], .u8, [1, 0, 1, 0, 1, 1]),
      (
        "<f8", littleEndian(floats.map { Double($0).bitPattern }), .f32, littleEndian(floats)
      ),
      (
        "<i4", littleEndian([1, -2, 3, 4, 5, 1 << 20] as [Int32]), .f32,
        littleEndian([1, -2, 3, 4, 5, 0x1p20] as [Float])
      ),
      (
        "<u2", littleEndian([1, 2, 3, 4, 5, 65535] as [UInt16]), .f32,
        littleEndian([1, 2, 3, 4, 5, 65535] as [Float])
      ),
    ]
    for (type, body, element, expected) in cases {
      let bytes = npy(type, [3, 2], body)
      for path in try [folder.file("f.npy", bytes), folder.file("f.npy.gz", gzip(bytes))] {
        let (reader, found, batches) = try read(path, batchBytes: 1)
        #expect(reader.rowCount == 3 && reader.width == 2 && reader.element == element)
        #expect(found == expected, "\(type)")
        #expect(batches == 3)
      }
    }
    let flat = try read(folder.file("g.npy", npy("|u1", [6], [1, 2, 3, 4, 5, 6])))
    #expect(flat.reader.rowCount == 6 && flat.reader.width == 1)
  }

  @Test("a CSR matrix becomes dense rows, stored or deflated, with 32-bit or 64-bit sizes")
  func sparse() throws {
    let folder = try InputFolder()
    // 0 1 0 | 0 0 0 | 2 0 3 | 0 0 4
    let expected: [UInt8] = [0, 1, 0, 0, 0, 0, 2, 0, 3, 0, 0, 4]
    for deflate in [false, true] {
      for wide in [false, true] {
        let bytes = csr(
          data: [1, 2, 3, 4], indices: [1, 0, 2, 2], indptr: [0, 1, 1, 3, 4], shape: [4, 3],
          deflate: deflate, wide: wide)
        let path = try folder.file("f.npz", bytes)
        for batchBytes in [1, 6, 7, 100] {
          let (reader, found, _) = try read(path, batchBytes: batchBytes)
          #expect(reader.rowCount == 4 && reader.width == 3 && reader.element == .u8)
          #expect(found == expected)
        }
      }
    }
    let floats = try folder.file(
      "g.npz",
      csr(
        data: littleEndian([0.5, 0.25, 1] as [Float]), type: "<f4", indices: [1, 1, 0],
        indptr: [0, 2, 3], shape: [2, 2]))
    // Two entries of one place add up.
    #expect(try read(floats).bytes == littleEndian([0, 0.75, 1, 0] as [Float]))
  }

  @Test("values that are not finite are named by row and column")
  func notFinite() throws {
    let body = littleEndian([1, 2, 3, .nan, 5, 6] as [Float])
    #expect(
      try message(npy("<f4", [3, 2], body), name: "f.npy")
        == "f.npy, row 1, column 1: the feature is nan, expected a finite number; "
        + "replace it before preprocessing")
    let large = littleEndian([1, 1e300].map { $0.bitPattern })
    #expect(
      try message(npy("<f8", [2, 1], large), name: "f.npy").contains(
        "row 1, column 0: the feature is inf"))
    let half = littleEndian([Float16(1).bitPattern, Float16.infinity.bitPattern])
    #expect(try message(npy("<f2", [1, 2], half), name: "f.npy").contains("row 0, column 1"))
    let sparse = csr(
      data: littleEndian([1, -.infinity] as [Float]), type: "<f4", indices: [0, 2],
      indptr: [0, 0, 2], shape: [2, 3])
    #expect(try message(sparse, name: "f.npz").contains("row 1, column 2: the feature is -inf"))
  }

  @Test("matrices that make no sense")
  func faults() throws {
    #expect(
      try message(csr(data: [1], indices: [5], indptr: [0, 1], shape: [1, 3]), name: "f.npz")
        == "f.npz, row 0: not a valid CSR matrix: column 5 of a matrix with 3 columns; "
        + "write it again with scipy.sparse.save_npz")
    #expect(
      try message(csr(data: [1], indices: [-1], indptr: [0, 1], shape: [1, 3]), name: "f.npz")
        .contains("column -1 of a matrix with 3 columns"))
    #expect(
      try message(
        csr(data: [1, 1], indices: [0, 1], indptr: [0, 2, 1], shape: [2, 3]), name: "f.npz"
      )
      .contains("row 1: not a valid CSR matrix: indptr 1 after 2"))
    #expect(
      try message(
        csr(data: [1, 1], indices: [0, 1], indptr: [0, 1, 1], shape: [2, 3]), name: "f.npz"
      )
      .contains("indptr ends with 1, but there are 2 entries"))
    #expect(
      try message(csr(data: [1], indices: [0], indptr: [0, 1], shape: [2, 3]), name: "f.npz")
        == "f.npz (indptr.npy): the array has the shape [2], expected [3]")
    #expect(
      try message(
        csr(data: [1], indices: [0], indptr: [0, 1], shape: [1, 3], format: "csc"), name: "f.npz"
      ).contains("the matrix has the format 'csc', expected csr"))
    #expect(
      try message(zip([("x.npy", [])]), name: "f.npz")
        == "f.npz: there is no array 'format.npy'; "
        + "expected a CSR matrix of scipy.sparse.save_npz")
    #expect(try message(npy("<f4", [2, 2], [0, 0]), name: "f.npy").contains("the file holds 2"))
    #expect(
      try message(npy("<f4", [2, 2, 1], [UInt8](repeating: 0, count: 16)), name: "f.npy").contains(
        "expected [N, F] or [N]"))
    #expect(
      try message(npy(">f4", [1], [0, 0, 0, 0]), name: "f.npy").contains("elements are '>f4'"))
    #expect(
      try message(
        npy("<f4", [2, 2], fortran: true, [UInt8](repeating: 0, count: 16)), name: "f.npy"
      )
      .contains("column by column (Fortran order)"))
    #expect(try message([], name: "f.npy") == "f.npy is empty; expected at least one edge or node")
  }

  @Test("an archive with a wrong byte says so")
  func damagedArchive() throws {
    let good = csr(data: [7, 8], indices: [0, 1], indptr: [0, 2], shape: [1, 3])
    #expect(try message(good, name: "f.npz") == "no error")
    var bad = good
    // The last entry's data end before the directory: find the value 7, 8.
    let place = (0..<good.count - 1).last { good[$0] == 7 && good[$0 + 1] == 8 }!
    bad[place] = 9
    #expect(
      try message(bad, name: "f.npz").contains(
        "the zip archive is damaged ('data.npy': wrong CRC-32)"))
    #expect(
      try message(Array(good.dropLast(5)), name: "f.npz")
        == "f.npz, byte \(good.count - 5): the zip archive is damaged "
        + "(no end record; the file is truncated); copy the file again")
  }
}
