/// Finds the lines of rows, for messages: the readers themselves count rows only.
package enum TextLines {
  /// The line, from 1, of data row `row` of an edge list or a node table.
  static func line(ofRow row: Int, path: String, head: TextHead) throws(IngestError) -> Int {
    let source = try ByteSource(path: path)
    _ = try source.skip(head.bodyOffset)
    let buffer = ByteBuffer(capacity: 1 << 20)
    var line = head.linesBeforeBody + 1
    var rows = 0
    var isFirstByte = true
    var isComment = false
    var isData = false
    while true {
      let count = try source.read(into: buffer, range: 0..<buffer.capacity)
      if count == 0 { return line }
      let view = buffer.view(count: count)
      for offset in 0..<count {
        let byte = view[offset]
        if byte == TextView.newline {
          if isData {
            if rows == row { return line }
            rows += 1
          }
          line += 1
          (isFirstByte, isComment, isData) = (true, false, false)
          continue
        }
        if isFirstByte, byte == UInt8(ascii: "#") { isComment = true }
        isFirstByte = false
        let isBlank = byte == UInt8(ascii: " ") || byte == 9 || byte == 13
        if !isBlank, !isComment { isData = true }
      }
    }
  }
}
