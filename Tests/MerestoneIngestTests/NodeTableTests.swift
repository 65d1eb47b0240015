import MerestoneCore
import Testing

@testable import MerestoneIngest

@Suite("Node tables")
struct NodeTableTests {
  private func read(
    _ text: String, ids: IDKind = .auto, batchBytes: Int = 1 << 20
  ) throws -> NodeTable {
    let folder = try InputFolder()
    let path = try folder.file("nodes.tsv", text)
    var options = NodeTable.Options()
    options.ids = ids
    options.batchBytes = batchBytes
    var table = try NodeTable.read(path, options: options, pool: ThreadPool(threads: 2))
    table.path = "nodes.tsv"
    return table
  }

  private func message(_ text: String, ids: IDKind = .auto) throws -> String {
    let folder = try InputFolder()
    let path = try folder.file("nodes.tsv", text)
    var options = NodeTable.Options()
    options.ids = ids
    let error = thrown { () throws(IngestError) in
      try NodeTable.read(path, options: options, pool: ThreadPool(threads: 2))
    }
    return (error.map { "\($0)" } ?? "no error").replacing(folder.path + "/", with: "")
  }

  @Test("ids, labels, splits and further columns are told by their names")
  func wholeTable() throws {
    let table = try read(
      """
      # columns: label\tid\tsplit\tage\tscore\tcity
      2\t10\ttrain\t30\t1.5\tUlm
      -\t7\t-\t31\t-\tAalen
      0\t99\tvalid\t32\t2\tUlm

      """)
    #expect(table.ids == .integers([10, 7, 99]))
    #expect(table.labels == NodeTable.Labels(codes: [2, -1, 0], categories: nil))
    #expect(table.labels?.classCount == 3)
    #expect(table.splits == [1, 0, 2])
    #expect(table.columns.map(\.name) == ["age", "score", "city"])
    #expect(table.columns[0].values == .integers([30, 31, 32]))
    guard case .numbers(let scores) = table.columns[1].values else {
      Issue.record("score is \(table.columns[1])")
      return
    }
    #expect(scores[0] == 1.5 && scores[1].isNaN && scores[2] == 2)
    #expect(table.columns[2].values == .categories(codes: [0, 1, 0], words: ["Ulm", "Aalen"]))
  }

  @Test("labels may be words; - is none and no class")
  func wordLabels() throws {
    let table = try read("id\tlabel\na\tcat\nb\t-\nc\tdog\nd\tcat\n")
    #expect(table.labels == NodeTable.Labels(codes: [0, -1, 1, 0], categories: ["cat", "dog"]))
    #expect(table.labels?.classCount == 2)
    #expect(table.ids == .strings(ByteStrings(["a", "b", "c", "d"])))
  }

  @Test("a table of ids alone, without names")
  func idsAlone() throws {
    let table = try read("5\n3\n8\n")
    #expect(table.ids == .integers([5, 3, 8]))
    #expect(table.columns.isEmpty && table.labels == nil && table.splits == nil)
    #expect(try read("b\na\n").ids.kind == .string)
    #expect(try read("1\n2\n", ids: .string).ids == .strings(ByteStrings(["1", "2"])))
  }

  @Test("a type column is kept apart")
  func types() throws {
    let table = try read("# columns: id\ttype\n1\tauthor\n2\tpaper\n3\tauthor\n")
    #expect(table.types == .categories(codes: [0, 1, 0], words: ["author", "paper"]))
  }

  @Test("many batches give the table of one batch")
  func batches() throws {
    var text = "# columns: id\tlabel\tword\n"
    for index in 0..<500 { text += "n\(index)\t\(index % 7)\tw\(index % 11)\n" }
    #expect(try read(text, batchBytes: 200) == read(text))
  }

  @Test("an id that two lines have")
  func duplicates() throws {
    let message = try message("# columns: id\n1\n# note\n2\n\n3\n2\n1\n")
    #expect(
      message
        == "nodes.tsv, line 7: node '2' was already given in line 4; keep one of the two lines")
    #expect(
      try self.message("id\nb\na\nb\n").hasPrefix(
        "nodes.tsv, line 4: node 'b' was already given in line 2"))
    #expect(
      try self.message("a\na\na\na").hasPrefix(
        "nodes.tsv, line 2: node 'a' was already given in line 1"))
  }

  @Test("splits and labels that make no sense")
  func faults() throws {
    #expect(
      try message("id\tsplit\n1\ttrain\n2\tdevel\n")
        == "nodes.tsv, line 3: unknown split 'devel'; "
        + "allowed are train, val (valid, validation), test and -")
    #expect(
      try message("id\tlabel\n1\t0\n2\t-3\n")
        == "nodes.tsv, line 3: label '-3' is no class; expected an integer in 0...2147483646, "
        + "a word, or - for none")
    #expect(try message("id\tlabel\n1\t0.5\n").contains("line 2: label '0.5' is no class"))
    #expect(try message("id\tlabel\n1\t99999999999\n").contains("label '99999999999' is no class"))
    #expect(
      try message("id\n1\nx\n").contains("line 3: column 'id' holds 'x', expected an integer"))
    #expect(try message("id\n99999999999999999999\n").contains("does not fit 64 bits"))
    #expect(try message("id\tlabel\n1\t0\n2\n").contains("line 3: found 1 column, expected 2"))
    #expect(try message("# x\n").contains("holds no data"))
  }

  @Test("a first column that is named label or split does not hold the ids")
  func noIDColumn() throws {
    #expect(
      try message("# columns: label\tsplit\n1\ttrain\n")
        == "nodes.tsv: no column holds the node ids; its columns are label, split; "
        + "call one of them id")
    #expect(try message("split\tuser\ntrain\tb\n").contains("call one of them id"))
    #expect(try message("label\tid\n1\tb\n") == "no error")
  }

  @Test("the kind of ids is that of the id column, not of a column called name")
  func kindOfIDs() throws {
    let folder = try InputFolder()
    let path = try folder.file("nodes.tsv", "# columns: user\tname\n7\tanna\n")
    #expect(try NodeTable.idKind(path) == .integer)
  }
}
