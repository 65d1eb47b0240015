import MerestoneTestSupport

/// Small valid inputs, one for each turn that a reader can take.
enum SeedInputs {
  static let text: [FuzzFile] = [
    file("edges.tsv", "# columns: src\tdst\n1\t2\n33\t4\n5\t123456789012\n"),
    file("edges.tsv", (0..<60).map { "\($0 * 7919)\t\($0 * $0)\n" }.joined()),
    file("edges.csv", "src,dst,weight,split\n1,2,0.5,train\n3,4,-,-\n5,6,1e-3,val\n"),
    file("edges.csv", "a,b\n\"x, y\",\"say \"\"no\"\"\"\nz,w\n"),
    file("edges.csv", "payer,payee,amount,ts\n1,2,10,1700000000\n2,3,-5,1700000001\n"),
    file("edges.txt", "a b\nc   d\n\n# x\ne f\n"),
    file("edges.txt", "head relation tail\n/m/01 /people/born /m/02\n"),
    file("edges.tsv", "Zürich HB\tBern\t12\nBern\tGenève\t7\n"),
    file("edges.tsv", "0\t18446744073709551615\r\n18446744073709551615\t0\r\n"),
  ]

  static let binary: [FuzzFile] = [
    FuzzFile(path: "edges.u32", bytes: littleEndian([1, 2, 3, 4, .max, 0] as [UInt32])),
    FuzzFile(path: "edges.u64", bytes: littleEndian([1, 2, .max, 4] as [UInt64])),
    FuzzFile(path: "edges.npy", bytes: npy("<i4", [2, 2], littleEndian([1, 2, 3, 4] as [Int32]))),
    FuzzFile(
      path: "edges.npy", bytes: npy("<u2", [2, 3], littleEndian([1, 2, 3, 4, 5, 6] as [UInt16]))),
    FuzzFile(
      path: "edges.npy",
      bytes: npy("<u8", [3, 2], fortran: true, littleEndian([1, 2, 3, 4, 5, 6] as [UInt64]))),
    FuzzFile(
      path: "edges.npy.gz",
      bytes: gzip(npy("<i8", [2, 2], littleEndian([1, 2, 3, 4] as [Int64])))),
    FuzzFile(path: "edges.u32.gz", bytes: gzip(littleEndian([1, 2, 3, 4] as [UInt32]))),
  ]

  static let compressed: [FuzzFile] = [
    FuzzFile(
      path: "edges.tsv.gz", bytes: gzip(Array("1\t2\n3\t4\n".utf8)) + gzip(Array("5\t6\n".utf8))),
    FuzzFile(path: "edges.csv.gz", bytes: gzip(Array("src,dst,weight\n1,2,0.5\n".utf8))),
  ]

  static let tables: [FuzzFile] = [
    file("nodes.tsv", "# columns: id\tlabel\tsplit\tx\n1\t0\ttrain\t5\n2\t-\t-\ta\n9\t1\tval\t\n"),
    file("nodes.csv", "id,label,split,age,height\n7,cat,train,3,1.5\n8,dog,test,-4,2e3\n"),
    file("nodes.tsv", "node_id\ttype\tname\na\tauthor\tZoé\nb\tpaper\t-\n"),
    FuzzFile(path: "nodes.tsv.gz", bytes: gzip(Array("id\tlabel\n1\t0\n2\t1\n3\t0\n".utf8))),
  ]

  static let arrays: [FuzzFile] = [
    FuzzFile(
      path: "features.npy", bytes: npy("<f4", [2, 2], littleEndian([1, 2, 3, 4] as [Float]))),
    FuzzFile(path: "features.npy", bytes: npy("|u1", [3, 2], [1, 2, 3, 4, 5, 6])),
    FuzzFile(path: "features.npy", bytes: npy("|b1", [4], [1, 0, 0, 1])),
    FuzzFile(
      path: "features.npy", bytes: npy("<f2", [2, 1], littleEndian([0x3C00, 0x7BFF] as [UInt16]))),
    FuzzFile(
      path: "features.npy",
      bytes: npy("<f8", [1, 2], littleEndian([(1.5).bitPattern, (-2.5).bitPattern] as [UInt64]))),
    FuzzFile(
      path: "features.npy", bytes: npy("<i8", [2, 1], littleEndian([.min, .max] as [Int64]))),
  ]

  static let matrices: [FuzzFile] = [
    FuzzFile(
      path: "features.npz",
      bytes: csr(data: [1, 2], indices: [0, 2], indptr: [0, 1, 2], shape: [2, 3])),
    FuzzFile(
      path: "features.npz",
      bytes: csr(
        data: littleEndian([1, 2] as [Float]), type: "<f4", indices: [0, 2], indptr: [0, 1, 2],
        shape: [2, 3], deflate: true, wide: true)),
  ]

  /// The entries of scipy's archives: narrow and wide indices.
  static let matrixEntries: [[(name: String, bytes: [UInt8])]] = [
    [
      ("indices.npy", npy("<i4", [4], littleEndian([0, 2, 1, 2] as [Int32]))),
      ("indptr.npy", npy("<i4", [4], littleEndian([0, 2, 2, 4] as [Int32]))),
      ("format.npy", npy("|S3", [], Array("csr".utf8))),
      ("shape.npy", npy("<i8", [2], littleEndian([3, 3] as [Int64]))),
      ("data.npy", npy("<f4", [4], littleEndian([1, 2, 3, 4] as [Float]))),
    ],
    [
      ("indices.npy", npy("<i8", [2], littleEndian([5, 0] as [Int64]))),
      ("indptr.npy", npy("<i8", [3], littleEndian([0, 1, 2] as [Int64]))),
      ("format.npy", npy("<U3", [], littleEndian([99, 115, 114] as [UInt32]))),
      ("shape.npy", npy("<i8", [2], littleEndian([2, 6] as [Int64]))),
      ("data.npy", npy("|b1", [2], [1, 1])),
    ],
  ]

  private static func file(_ path: String, _ text: String) -> FuzzFile {
    FuzzFile(path: path, bytes: Array(text.utf8))
  }
}
