import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneIngest

@Suite("Quoted values in comma-separated text")
struct QuotedTextTests {
  @Test("hold commas, blanks and quotes written as two")
  func values() throws {
    let folder = try InputFolder()
    let text =
      "\"when, exactly\",payee,\"amount\",payer,note\n"
      + "1,\"b \"\"the\"\" cat\", 3,\"a, or b\",\"x\"\n"
      + "2,c,\"4.5\", \" d \",\"\"\n"
      + "3,\"\u{e4}\",\"7\" ,\"e\",  \"q\" \r\n"
    let path = try folder.file("edges.csv", text)
    var options = EdgeListReader.Options()
    options.mapping = try ColumnMapping(parsing: "src=payer,dst=payee,weight=amount")
    let edges = try readEdges(path, options: options)
    #expect(edges.pairs == ["a, or b>b \"the\" cat", " d >c", "e>\u{e4}"])
    #expect(edges.columns[0] == .integers([1, 2, 3]))
    #expect(edges.columns[1] == .numbers([3, 4.5, 7]))
    #expect(edges.columns[2] == .words(ByteStrings(["x", "", "q"])))
  }

  @Test("of pairs of integers read as unquoted ones do, from the first row or a later one")
  func integers() throws {
    let folder = try InputFolder()
    for text in ["1,2\n3,4\n\"5\",6\n7,\"8\"\n", "\"1\",\"2\"\n3,4\n5,\"6\"\r\n\"7\",8"] {
      let edges = try readEdges(folder.file("edges.csv", text))
      #expect(edges.pairs == ["1>2", "3>4", "5>6", "7>8"])
    }
    let words = try readEdges(folder.file("edges.tsv", "\"a\tb\"\nc\t\"\n"))
    #expect(words.pairs == ["\"a>b\"", "c>\""])
  }

  @Test("come back as they were written", arguments: 0..<20 as Range<UInt64>)
  func roundTrip(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let folder = try InputFolder()
    let pieces = ["a", "\"", ",", " ", "\u{e4}\u{1f600}", "#", "1", "\t"]
    var text = "src,dst,note\n"
    var expected: [String] = []
    for row in 0..<60 {
      var value = "v"
      for _ in 0..<Int.random(in: 0...6, using: &generator) {
        value += pieces.randomElement(using: &generator)!
      }
      expected.append("\(row)>\(value)>\(value)")
      let quoted = "\"\(value.replacing("\"", with: "\"\""))\""
      text += "\(row),\(quoted),\(quoted)\n"
    }
    var options = EdgeListReader.Options()
    options.batchBytes = 300
    options.ids = .string
    let edges = try readEdges(folder.file("edges.csv", text), options: options)
    guard case .words(let notes) = edges.columns.first else {
      Issue.record("the notes are no words")
      return
    }
    #expect((0..<60).map { "\(edges.pairs[$0])>\(notes[$0])" } == expected)
  }

  @Test("that do not end are named with their line, in a header too")
  func faults() throws {
    let folder = try InputFolder()
    let cases: [(String, Int)] = [
      ("1,2\n3,\"4\n", 2), ("1,2,x\n3,4,\"5\n6\"\n", 2), ("\"src,dst\n1,2\n", 1),
      ("1,2,x\n3,4,\"5\"\"\n", 2),
    ]
    for (text, line) in cases {
      let path = try folder.file("edges.csv", text)
      #expect(
        thrown { () throws(IngestError) in try readEdges(path) }
          == .quotedNewline(TextPlace(file: path, line: line)), "\(text)")
    }
    let path = try folder.file("edges.csv", "1,2\n3,4\n5,\"6\"7\n")
    #expect(
      thrown { () throws(IngestError) in try readEdges(path) }
        == .textAfterQuote(TextPlace(file: path, line: 3), found: "7"))
  }
}
