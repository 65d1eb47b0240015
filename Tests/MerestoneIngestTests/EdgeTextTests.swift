import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneIngest

@Suite("Edge lists as text")
struct EdgeTextTests {
  @Test(
    "tabs, commas and blanks separate columns, told by the first data line",
    arguments: [
      "1\t2\n30\t4\n", "1,2\n30,4\n", "1 2\n30   4\n", "# a comment\n\n1\t2\n# another\n30\t4\n",
      "1\t2\r\n30\t4\r\n", "1\t2\n30\t4", "src,dst\n1,2\n30,4", "\u{feff}1\t2\n30\t4",
      "# columns: src\tdst\n1\t2\n30\t4\n", "1, 2\n30 ,4\n", "  1 2\n\t30 4  \n", "1\t2\r\n30\t4",
      "payer\tpayee\n1\t2\n30\t4\n",
    ])
  func separators(text: String) throws {
    let folder = try InputFolder()
    let edges = try readEdges(folder.file("edges.txt", text))
    #expect(edges.pairs == ["1>2", "30>4"])
  }

  @Test("integers of every length are read, up to 2^64 - 1")
  func widths() throws {
    let folder = try InputFolder()
    var values: [UInt64] = [0, .max, .max - 1, 1 << 63]
    var power: UInt64 = 1
    for _ in 0..<19 {
      values += [power, power - 1, power + 1]
      power = power.multipliedReportingOverflow(by: 10).partialValue
    }
    let text = values.map { "\($0)\t\($0)\n" }.joined()
    let edges = try readEdges(folder.file("edges.tsv", text))
    #expect(edges.sources == values.map(String.init))
    #expect(edges.destinations == values.map(String.init))
  }

  @Test("columns are found by name, mapping or position, and keep their types")
  func columns() throws {
    let folder = try InputFolder()
    let text = """
      when,payee,amount,payer,kind,split,rank
      1.5,b,3,a,x y,train,1
      2,c,4.25,b,-,-,2
      -,a,-1e2,c,z,test,3

      """
    let path = try folder.file("edges.csv", text)
    var options = EdgeListReader.Options()
    options.mapping = try ColumnMapping(parsing: "src=payer,dst=payee,weight=amount,time=when")
    let reader = try EdgeListReader.open(path, options: options)
    #expect(reader.idKind == .string)
    #expect(reader.columns.map(\.name) == ["time", "weight", "kind", "split", "rank"])
    let edges = try readEdges(path, options: options)
    #expect(edges.pairs == ["a>b", "b>c", "c>a"])
    guard case .numbers(let times) = edges.columns[0] else {
      Issue.record("time is \(edges.columns[0])")
      return
    }
    #expect(times[0] == 1.5 && times[1] == 2 && times[2].isNaN)
    #expect(edges.columns[1] == .numbers([3, 4.25, -100]))
    #expect(edges.columns[2] == .words(ByteStrings(["x y", "-", "z"])))
    #expect(edges.columns[3] == .splits([1, 0, 3]))
    #expect(edges.columns[4] == .integers([1, 2, 3]))
  }

  @Test("a column that turns from integers to words late is words throughout")
  func lateWord() throws {
    let folder = try InputFolder()
    var text = "# columns: src\tdst\tmark\n"
    for index in 0..<400 { text += "\(index)\t1\t\(index == 399 ? "007" : "\(index)")\n" }
    var options = EdgeListReader.Options()
    options.batchBytes = 256
    let edges = try readEdges(folder.file("edges.tsv", text), options: options)
    #expect(edges.batches > 5)
    guard case .words(let words) = edges.columns[0] else {
      Issue.record("mark is no words")
      return
    }
    #expect(words.count == 400 && words[0] == "0" && words[399] == "007")
  }

  @Test("numbers are read as the library reads them", arguments: 0..<40 as Range<UInt64>)
  func numbers(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let buffer = ByteBuffer(capacity: 64)
    for _ in 0..<200 {
      var text = Bool.random(using: &generator) ? "-" : ""
      for _ in 0..<Int.random(in: 1...20, using: &generator) {
        text += String(Int.random(in: 0...9, using: &generator))
      }
      if Bool.random(using: &generator) {
        text += "."
        for _ in 0..<Int.random(in: 0...8, using: &generator) {
          text += String(Int.random(in: 0...9, using: &generator))
        }
      }
      if Int.random(in: 0..<3, using: &generator) == 0 {
        text += "e\(Int.random(in: -30...30, using: &generator))"
      }
      for (index, byte) in text.utf8.enumerated() { buffer.store(byte, at: index) }
      let view = buffer.view(count: text.utf8.count)
      // The library wants a digit behind the point.
      let plain = text.replacing(".e", with: ".0e")
      let expected = Double(plain.hasSuffix(".") ? plain + "0" : plain)
      #expect(view.number(0..<text.utf8.count) == expected, "\(text)")
    }
  }

  @Test(
    "batches are the same at any number of threads, plain or compressed",
    arguments: 0..<6 as Range<UInt64>)
  func sameBatches(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let folder = try InputFolder()
    var text = "# head\n"
    var expected: [String] = []
    let largest: UInt64 = [9, 99_999, 99_999_999, .max][Int(seed % 4)]
    for _ in 0..<3000 {
      let source = UInt64.random(in: 0...largest, using: &generator)
      let destination = UInt64.random(in: 0...largest, using: &generator)
      expected.append("\(source)>\(destination)")
      text += "\(source)\t\(destination)\n"
      if Int.random(in: 0..<50, using: &generator) == 0 { text += "# note\n\n" }
    }
    let plain = try folder.file("edges.tsv", text)
    let bytes = Array(text.utf8)
    let compressed = try folder.file(
      "edges", gzip(Array(bytes[..<777])) + gzip(Array(bytes[777...])) + [0, 0, 0])
    var options = EdgeListReader.Options()
    options.batchBytes = 1000
    let one = try readEdges(plain, options: options, threads: 1)
    #expect(one.pairs == expected)
    #expect(one.batches > 10)
    for threads in 1...3 {
      #expect(try readEdges(plain, options: options, threads: threads) == one)
      #expect(try readEdges(compressed, options: options, threads: threads) == one)
    }
  }

  @Test("any columns and the pair of integers are read alike", arguments: 0..<10 as Range<UInt64>)
  func fastAgainstGeneral(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let folder = try InputFolder()
    var narrow = ""
    var wide = ""
    for row in 0..<500 {
      let source = UInt64.random(in: 0...(1 << UInt64(row % 64)), using: &generator)
      let destination = UInt64.random(in: 0...(1 << UInt64(row % 64)), using: &generator)
      narrow += "\(source)\t\(destination)\n"
      wide += "\(source)\t\(destination)\tx\n"
    }
    let fast = try readEdges(folder.file("a.tsv", narrow))
    let general = try readEdges(folder.file("b.tsv", wide))
    #expect(fast.pairs == general.pairs)
  }

  @Test("string ids keep their bytes")
  func strings() throws {
    let folder = try InputFolder()
    let edges = try readEdges(folder.file("e.tsv", "/m/1\tGr\u{fc}n\n007\tx7\n"))
    #expect(edges.pairs == ["/m/1>Gr\u{fc}n", "007>x7"])
    var options = EdgeListReader.Options()
    options.ids = .string
    let words = try readEdges(
      folder.file("f.tsv", "1\t2\n003\t18446744073709551616\n"), options: options)
    #expect(words.pairs == ["1>2", "003>18446744073709551616"])
    let mixed = try readEdges(folder.file("g.tsv", "a\tb\n1\t2\n"), options: options)
    #expect(mixed.pairs == ["a>b", "1>2"])
  }

  @Test("edges before a bad line are delivered, then the line is named")
  func errorAfterBatches() throws {
    let folder = try InputFolder()
    var text = "# columns: src\tdst\n"
    for index in 0..<1000 { text += "\(index)\t\(index)\n" }
    text += "x\t1\n"
    let path = try folder.file("edges.tsv", text)
    var options = EdgeListReader.Options()
    options.batchBytes = 500
    let stream = try EdgeListReader.open(path, options: options).stream(
      pool: ThreadPool(threads: 2))
    var count = 0
    let error = thrown { () throws(IngestError) in
      while let batch = try stream.next() { count += batch.count }
    }
    #expect(count > 800)
    #expect(
      error
        == .notAnInteger(TextPlace(file: path, line: 1002), column: "src", found: "x"))
  }

  @Test("a cancelled reading is interrupted")
  func cancellation() throws {
    let folder = try InputFolder()
    let path = try folder.file("edges.tsv", "1\t2\n")
    let cancellation = Cancellation()
    let stream = try EdgeListReader.open(path).stream(
      pool: ThreadPool(threads: 1), cancellation: cancellation)
    cancellation.cancel()
    #expect(thrown { () throws(IngestError) in try stream.next() } == .interrupted)
  }

  @Test("source and destination fall back to columns that have no other role")
  func fallback() throws {
    let folder = try InputFolder()
    func ends(_ text: String, mapping: String? = nil) throws -> [[String]] {
      var options = EdgeListReader.Options()
      if let mapping { options.mapping = try ColumnMapping(parsing: mapping) }
      let path = try folder.file("edges.tsv", text)
      let edges = try readEdges(path, options: options)
      return [edges.sources, edges.destinations]
    }
    #expect(try ends("# columns: time\tuser\titem\n9\t1\t2\n") == [["1"], ["2"]])
    #expect(try ends("# columns: weight\tdst\tuser\n9\t1\t2\n") == [["2"], ["1"]])
    #expect(try ends("# columns: a\tb\tc\n9\t1\t2\n", mapping: "relation=a") == [["1"], ["2"]])
    #expect(try ends("# columns: a\tweight\n9\t1\n", mapping: "src=weight") == [["1"], ["9"]])
    for _ in 0..<20 {
      // The first of several missing columns is named, every time the same.
      let error = #expect(throws: IngestError.self) {
        try ends("# columns: a\tb\n1\t2\n", mapping: "time=w,dst=y,src=x,split=z")
      }
      #expect(error?.description.contains("no column 'x'") == true)
    }
    let path = try folder.file("edges.tsv", "# columns: weight\tuser\n9\t1\n")
    #expect(
      thrown { () throws(IngestError) in try readEdges(path) }
        == .unknownColumn(path, column: "dst", available: ["weight", "user"]))
    #expect(
      thrown { () throws(IngestError) in try ColumnMapping(parsing: "src=a,relation=a") } != nil)
  }
}
