import Glibc

/// An edge list of the plain text layout, read by splitting strings: shares no code with Ingest.
struct NaiveEdgeList {
  /// Column names, `src` and `dst` first.
  var names: [String] = []
  var rows: [[String]] = []

  /// Reads a tab-separated file, plain or `.gz`.
  init(path: String) {
    for line in Self.text(path).split(separator: "\n") {
      if line.hasPrefix("# columns: ") {
        names = line.dropFirst("# columns: ".count).split(separator: "\t").map(String.init)
      } else if !line.hasPrefix("#") {
        rows.append(
          line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init))
      }
    }
  }

  init(names: [String], rows: [[String]]) {
    self.names = names
    self.rows = rows
  }

  /// The edges as the store should show them: `render` turns a value of a column into its text.
  func edges(_ render: (String, String) -> String = { $1 }) -> [StoredGraph.Edge] {
    rows.map { row in
      StoredGraph.Edge(
        source: row[0], destination: row[1],
        values: zip(names, row).dropFirst(2).map { render($0, $1) })
    }
  }

  private static func text(_ path: String) -> String {
    let command = path.hasSuffix(".gz") ? "gzip -dc '\(path)'" : "cat '\(path)'"
    guard let pipe = popen(command, "r") else { return "" }
    defer { pclose(pipe) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&buffer, 1, buffer.count, pipe)
      if count == 0 { break }
      bytes.append(contentsOf: buffer[..<count])
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// How often each edge occurs.
func multiset(_ edges: [StoredGraph.Edge]) -> [StoredGraph.Edge: Int] {
  edges.reduce(into: [:]) { $0[$1, default: 0] += 1 }
}
