import MerestoneCLI
import Testing

@Suite("JSON output")
struct JSONTests {
  @Test("keeps the order of keys, keeps integers whole and puts short lists on one line")
  func layout() {
    let json = JSON.object([
      "b": .unsigned(18_446_744_073_709_551_615),
      "a": .array([.integer(1), .integer(-2)]),
      "pairs": .array([.array([.integer(1), .string("x")]), .array([.integer(2), .null])]),
      "none": .array([]),
      "list": .array([.object(["k": .bool(true)])]),
      "ratio": .number(0.25),
    ])
    #expect(
      json.text == """
        {
          "b": 18446744073709551615,
          "a": [1, -2],
          "pairs": [[1, "x"], [2, null]],
          "none": [],
          "list": [
            {
              "k": true
            }
          ],
          "ratio": 0.25
        }
        """)
  }

  @Test("escapes what JSON has to escape and nothing else")
  func escapes() {
    #expect(
      JSON.string("a\"b\\c\n\t\u{1}/\u{e9}\u{1F600}").text
        == "\"a\\\"b\\\\c\\n\\t\\u0001/\u{e9}\u{1F600}\"")
  }

  @Test("writes a number that JSON lacks as null")
  func notFinite() { #expect(JSON.number(.nan).text == "null") }
}

@Suite("Tables and amounts")
struct WordingTests {
  @Test("columns are as wide as their widest cell and lines end without blanks")
  func table() {
    var table = TextTable([.left, .right, .left])
    table.add("a", "1,000", "x")
    table.add("long", "7", "")
    #expect(table.text == "a     1,000  x\nlong      7")
  }

  @Test(
    "durations read as people say them",
    arguments: [
      (0.0012, "0.00 s"), (0.42, "0.42 s"), (12.34, "12.3 s"), (59.96, "1 min 00 s"),
      (185, "3 min 05 s"), (7800, "2 h 10 min"),
    ] as [(Double, String)])
  func duration(seconds: Double, text: String) { #expect(seconds.asDuration == text) }

  @Test(
    "magnitudes have three digits",
    arguments: [
      (0, "0"), (950, "950"), (1234, "1.23 k"), (45_600_000, "45.6 M"), (999_600, "1.00 M"),
    ] as [(Double, String)])
  func magnitude(value: Double, text: String) { #expect(value.asMagnitude == text) }
}

@Suite("Progress on standard error")
struct ConsoleProgressTests {
  @Test("without a terminal there is one line per finished stage")
  func plain() {
    let sink = TextSink()
    let progress = ConsoleProgress(sink, isQuiet: false)
    progress.begin(stage: "read edges", total: 10, unit: "edges")
    progress.advance(by: 10)
    progress.warn("odd")
    progress.end(summary: "10 edges")
    #expect(sink.text == "merestone: warning: odd\nread edges                  0.00 s  10 edges\n")
  }

  @Test("--quiet leaves warnings only")
  func quiet() {
    let sink = TextSink()
    let progress = ConsoleProgress(sink, isQuiet: true)
    progress.begin(stage: "read edges", total: 10, unit: "edges")
    progress.end(summary: "10 edges")
    progress.warn("odd")
    #expect(sink.text == "merestone: warning: odd\n")
  }

  @Test("the bar shows the share, the rate and the time left")
  func bar() {
    #expect(
      ConsoleProgress.line("sort", done: 5000, total: 20_000, unit: "edges", seconds: 2)
        == "sort                   [#####...............]  25%  5.00 k edges  2.50 k edges/s"
        + "  6.00 s left")
  }
}
