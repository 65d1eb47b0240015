extension NodeTable {
  /// The line, from 1, of a table's row, by reading the file again: for messages.
  package static func line(
    ofRow row: Int, path: String, options: Options = Options()
  ) throws(IngestError) -> Int {
    let head = try TextHead(
      path: path, delimiter: options.delimiter, expectedNames: ["label", "split"],
      hasHeader: options.hasHeader)
    return try TextLines.line(ofRow: row, path: path, head: head)
  }
}
