import Glibc
import MerestoneCore
import Testing

@testable import MerestoneIngest

@Suite("Bad input is named with its place and the mend")
struct BadInputTests {
  /// Reads `bytes` as an edge list and returns the message, the folder's name taken out.
  private func message(
    _ bytes: [UInt8], name: String = "edges.tsv", ids: IDKind = .auto
  ) throws -> String {
    let folder = try InputFolder()
    let path = try folder.file(name, bytes)
    var options = EdgeListReader.Options()
    options.ids = ids
    options.batchBytes = 4096
    let error = thrown { () throws(IngestError) in try readEdges(path, options: options) }
    return (error.map { "\($0)" } ?? "no error").replacing(folder.path + "/", with: "")
  }

  private func message(_ text: String, name: String = "edges.tsv", ids: IDKind = .auto) throws
    -> String
  {
    try message(Array(text.utf8), name: name, ids: ids)
  }

  @Test("a missing file")
  func missing() {
    let error = thrown { () throws(IngestError) in try readEdges("/nowhere/edges.tsv") }
    #expect(error == .missingFile("/nowhere/edges.tsv"))
    #expect(error?.isInputOutput == false)
    #expect("\(error!)" == "/nowhere/edges.tsv: there is no such file; check the path")
  }

  @Test("a directory instead of a file")
  func directory() throws {
    let folder = try InputFolder()
    let error = thrown { () throws(IngestError) in try readEdges(folder.path) }
    #expect(error == .notAFile(folder.path))
  }

  @Test("a machine that fails is told from data that is wrong")
  func exitCodes() {
    #expect(IngestError.cannotRead("a", byteOffset: 3, code: 5).isInputOutput)
    #expect(
      "\(IngestError.cannotRead("a", byteOffset: 3, code: 5))"
        == "a, byte 3: cannot read: Input/output error; check the file and its disk")
    #expect(IngestError.cannotWrite("a", code: 28).isInputOutput)
    #expect(!IngestError.interrupted.isInputOutput)
  }

  @Test("a line with one column")
  func oneColumn() throws {
    #expect(
      try message("1\t2\n3\n4\t5\n")
        == "edges.tsv, line 2: found 1 column, an edge needs 2; "
        + "separate source and destination by a tab, a comma or blanks")
    #expect(try message("# x\n1\n").hasPrefix("edges.tsv, line 2: found 1 column, an edge needs 2"))
  }

  @Test("a line with other columns than the first")
  func columnCount() throws {
    #expect(
      try message("1\t2\n3\t4\t5\n")
        == "edges.tsv, line 2: found 3 columns, expected 2 as in the lines before; "
        + "complete the line or remove it")
    #expect(
      try message("1\t2\tx\n3\t4\n").hasPrefix("edges.tsv, line 2: found 2 columns, expected 3"))
    #expect(
      try message("# columns: a\tb\tc\n1\t2\n").hasPrefix(
        "edges.tsv, line 2: found 2 columns, expected 3"))
  }

  @Test("a word where integers are asked for")
  func notAnInteger() throws {
    let mend =
      "expected an integer in 0...2^64-1 without sign or leading zeros; "
      + "if ids are words, use --ids string"
    #expect(
      try message("# columns: src\tdst\n1\t2\n1\tx7\n")
        == "edges.tsv, line 3: column 'dst' holds 'x7', \(mend)")
    #expect(
      try message("1\t2\n-1\t2\n") == "edges.tsv, line 2: column 'column1' holds '-1', \(mend)")
    #expect(
      try message("1\t2\n1\t02\n") == "edges.tsv, line 2: column 'column2' holds '02', \(mend)")
    #expect(
      try message("1\t2\n1\t2.5\n") == "edges.tsv, line 2: column 'column2' holds '2.5', \(mend)")
    #expect(
      try message("a\tb\n", ids: .integer)
        == "edges.tsv, line 1: column 'column1' holds 'a', \(mend)")
    #expect(
      try message("1\t2\tw\nq\t2\tw\n") == "edges.tsv, line 2: column 'column1' holds 'q', \(mend)")
  }

  @Test("an id beyond 64 bits")
  func tooLarge() throws {
    #expect(
      try message("1\t2\n1\t18446744073709551616\n")
        == "edges.tsv, line 2: id '18446744073709551616' in column 'column2' does not fit "
        + "64 bits (largest 18446744073709551615); use --ids string")
    #expect(
      try message("99999999999999999999999\t2\n").hasPrefix(
        "edges.tsv, line 1: id '99999999999999999999999' in column 'column1' does not fit"))
  }

  @Test("an id that is not there")
  func emptyID() throws {
    #expect(
      try message("a\tb\n\tb\n")
        == "edges.tsv, line 2: column 'column1' has no value, expected a node id; "
        + "complete the line or remove it")
    #expect(
      try message("1\t2\n\t2\n").hasPrefix("edges.tsv, line 2: column 'column1' has no value"))
    #expect(
      try message("a\tb\na\t-\n").hasPrefix("edges.tsv, line 2: column 'column2' has no value"))
  }

  @Test("broken UTF-8 and NUL bytes")
  func faults() throws {
    let start = Array("a\tb\nc\tx".utf8)
    #expect(
      try message(start + [0xff, 10])
        == "edges.tsv, line 2, byte 3 of the line: not valid UTF-8; convert the file to UTF-8")
    #expect(
      try message(start + [0, 10])
        == "edges.tsv, line 2, byte 3 of the line: a NUL byte, so this is no text file; "
        + "for binary edges use --format u32, u64 or npy")
    #expect(
      try message([49, 9, 50, 10, 0, 0, 0]).hasPrefix(
        "edges.tsv, line 2, byte 0 of the line: a NUL"))
    #expect(
      try message([1, 0, 0, 0, 2, 0, 0, 0]).contains("line 1, byte 1 of the line: a NUL byte"))
    #expect(
      try message([49, 9, 50, 10, 35, 0xc0, 10]).contains("line 2, byte 1 of the line: not valid"))
  }

  @Test("an empty file, and one of comments only")
  func empty() throws {
    for name in ["edges.tsv", "edges.u32", "edges.npy", "edges.csv"] {
      #expect(try message("", name: name) == "\(name) is empty; expected at least one edge or node")
    }
    #expect(
      try message("# a\n\n# b")
        == "edges.tsv holds no data: all of its 3 lines are comments, blank or a header; "
        + "expected at least one row")
    #expect(
      try message("src,dst\n", name: "e.csv").hasPrefix("e.csv holds no data: all of its 1 line is")
    )
    #expect(try message(gzip([])) == "edges.tsv is empty; expected at least one edge or node")
  }

  @Test("a truncated and a damaged gzip")
  func gzipFaults() throws {
    let whole = gzip(Array("1\t2\n3\t4\n".utf8))
    for count in 3..<whole.count {
      #expect(
        try message(Array(whole[..<count])).hasPrefix(
          "edges.tsv, compressed byte \(count): the gzip stream ends too early; "),
        "cut to \(count) bytes")
    }
    var wrong = whole
    wrong[whole.count - 6] ^= 1
    #expect(
      try message(wrong)
        == "edges.tsv, compressed byte \(whole.count - 4): the gzip stream is damaged "
        + "(incorrect data check); copy the file again")
    #expect(
      try message(whole + [7, 7, 7, 7]).contains("the gzip stream is damaged (incorrect header"))
  }

  @Test("a binary file of odd length")
  func oddLength() throws {
    #expect(
      try message([1, 2, 3, 4, 5, 6, 7, 8, 9], name: "edges.u32")
        == "edges.u32: its length of 9 bytes is no multiple of 8, the bytes of an edge; "
        + "the file is truncated or of another format")
    #expect(
      try message([UInt8](repeating: 0, count: 24), name: "edges.u64").contains(
        "24 bytes is no multiple of 16"))
    #expect(
      try message(gzip([1, 2, 3]), name: "edges.u32").contains(
        "length of 3 bytes is no multiple of 8"))
  }

  @Test("an array of edges that makes no sense")
  func arrays() throws {
    let negative = npy("<i4", [2, 2], littleEndian([1, 2, 3, -4] as [Int32]))
    #expect(
      try message(negative, name: "edges.npy")
        == "edges.npy, row 1, column 1: the id -4 is negative, expected 0 or more; "
        + "remove the row or renumber the nodes")
    #expect(
      try message(npy("<i4", [3, 3], [UInt8](repeating: 0, count: 36)), name: "edges.npy")
        == "edges.npy: the array has the shape [3, 3], expected [E, 2] or [2, E]")
    #expect(
      try message(npy("<f4", [3, 2], [UInt8](repeating: 0, count: 24)), name: "edges.npy")
        == "edges.npy: the array's elements are '<f4', expected little-endian integers; "
        + "convert it with numpy.astype")
    #expect(
      try message(npy("<i4", [3, 2], [UInt8](repeating: 0, count: 23)), name: "edges.npy").contains(
        "its header asks for 24 bytes of values, the file holds 23"))
    #expect(try message("1\t2\n", name: "edges.npy").contains("not a NumPy array that can be read"))
    #expect(
      try message(negative, name: "edges.npy", ids: .string)
        == "edges.npy holds integer ids, so --ids string does not apply to it; "
        + "use --ids integer or auto")
  }

  @Test("a line without end, quotes, unknown columns and unknown splits")
  func others() throws {
    #expect(
      try message(String(repeating: "1", count: 5000) + "\t2\n").contains("does not fit 64 bits"))
    #expect(
      try message("1\t2\n" + String(repeating: "1", count: 5000) + "\t2\n")
        == "edges.tsv, line 2: longer than 4096 bytes; "
        + "is this a text file with one row per line?")
    #expect(
      try message("a,b\nc,\"d\ne\"\n", name: "e.csv")
        == "e.csv, line 2: a quoted value does not end in this line; close the quote, "
        + "and take line breaks out of values")
    #expect(
      try message("a,b,c\n\"c\"x,d,e\n", name: "e.csv")
        == "e.csv, line 2: 'x' stands behind a closing quote, expected the next column; "
        + "write a quote inside a quoted value as two")
    #expect(
      try message("# columns: src\tdst\tsplit\n1\t2\ttrain\n1\t2\tdev\n")
        == "edges.tsv, line 3: unknown split 'dev'; "
        + "allowed are train, val (valid, validation), test and -")
    #expect(
      try message("# columns: src\tdst\tweight\n1\t2\t1\n1\t2\theavy\n")
        == "edges.tsv, line 3: column 'weight' holds 'heavy', expected a number, or - for none")
    #expect(
      try message("# columns: a\ta\n1\t2\n")
        == "edges.tsv: two columns are called 'a'; rename one, or map roles with --columns")
  }

  @Test("a column mapping that makes no sense")
  func mapping() throws {
    let error = thrown { () throws(IngestError) in try ColumnMapping(parsing: "src=a,what=b") }
    #expect(
      "\(error!)"
        == "--columns src=a,what=b: 'what=b' is not of the form role=column with one of the roles "
        + "src, dst, relation, weight, time, split, each role at most once; "
        + "for example --columns src=payer,dst=payee")
    #expect(error!.isUsage)
    for text in ["", "src", "src=", "src=a,src=b", "src=a,dst=a"] {
      #expect(
        thrown { () throws(IngestError) in try ColumnMapping(parsing: text) } != nil, "\(text)")
    }
    let folder = try InputFolder()
    let path = try folder.file("e.csv", "src,dst\n1,2\n")
    var options = EdgeListReader.Options()
    options.mapping = try ColumnMapping(parsing: "weight=amount")
    #expect(
      thrown { () throws(IngestError) in try readEdges(path, options: options) }
        == .unknownColumn(path, column: "amount", available: ["src", "dst"]))
  }

  @Test("the graph's own faults have messages for the caller to throw")
  func graphFaults() {
    #expect(
      "\(IngestError.featureRowCount("f.npy", rows: 3, nodes: 4))"
        == "f.npy: found 3 feature rows, expected 4, one for each node in the order of "
        + "the node table; check that the two files belong together")
    #expect(
      "\(IngestError.labelForUnknownNode(TextPlace(file: "n.tsv", line: 7), id: "x"))"
        == "n.tsv, line 7: node 'x' has a label, but there is no such node; "
        + "add it to the node table or remove the line")
    #expect("\(IngestError.interrupted)" == "interrupted; run the same command again")
  }

  @Test("lines are counted with and without a line feed at the end")
  func commentLines() throws {
    #expect(try message("# a\n# b\n").contains("all of its 2 lines are"))
    #expect(try message("# a\n# b").contains("all of its 2 lines are"))
    #expect(try message("\n\n").contains("all of its 2 lines are"))
  }

  @Test("carriage returns as line ends, which would make one line with odd words")
  func carriageReturns() throws {
    #expect(
      try message("1\t2\r3\t4\r")
        == "edges.tsv, line 1: a carriage return inside the line, expected a line feed at the end "
        + "of each line; convert the line ends (tr '\\r' '\\n')")
    #expect(try message("a\tb\rc\td\r\n").contains("line 1: a carriage return"))
    #expect(try message("1\t2\r\n3\t4\r\n") == "no error")
  }

  @Test("files of other kinds are called by their name")
  func foreignFiles() throws {
    let starts: [([UInt8], String)] = [
      ([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0], "compressed with xz"),
      (Array("BZh91AY&SY..".utf8), "compressed with bzip2"), (Array("PK\u{3}\u{4}".utf8), "zip"),
      (npy("<i8", [0, 2], []), "--format npy"), (Array("PAR1".utf8), "Parquet"),
      ([0xff, 0xfe, 0x31, 0, 0x20, 0], "UTF-16"), ([0xfe, 0xff, 0, 0x31], "UTF-16"),
    ]
    for (start, part) in starts {
      let message = try message(start)
      #expect(message.hasPrefix("edges.tsv, byte 0: this is "), "\(message)")
      #expect(message.contains(part), "\(message)")
    }
    #expect(try message("BZh9\tb\nPA\tPK\n") == "no error")
  }

  @Test("a named pipe is refused at once instead of waited for")
  func namedPipe() throws {
    let folder = try InputFolder()
    let path = "\(folder.path)/pipe"
    #expect(mkfifo(path, 0o600) == 0)
    let error = thrown { () throws(IngestError) in try readEdges(path) }
    #expect(error == .notAFile(path))
  }
}
