/// What the first lines of a text file say: its separator, its columns and where its rows start.
///
/// Leading lines that start with `#` are comments; the last one of the form
/// `# columns: a<TAB>b...` names the columns. Without it, the first line is a header if its values
/// are no numbers and one of these holds: one of them is a well-known column name (or one of
/// `expectedNames`); all values below it are numbers and ids may be; a value below it in a column behind the
/// first two is a number. Words as ids alone never make the first row a header.
struct TextHead: Sendable {
  var delimiter: Delimiter
  /// Column names: as declared, or `column1`... where nothing names them.
  var names: [String]
  var namesDeclared: Bool
  var columnCount: Int
  /// The line that was taken for a header, where there is no `# columns:` comment.
  var headerLine: Int?
  /// The byte after comments and header, in the uncompressed text.
  var bodyOffset: Int
  /// Lines before ``bodyOffset``.
  var linesBeforeBody: Int
  /// The values of the first row; empty where there is none.
  var firstRow: [String]
  var firstRowPlace: TextPlace

  /// Whether one of the first two rows has a quoted value.
  var hasQuotes = false

  var hasRows: Bool { !firstRow.isEmpty }

  /// Where the rows start.
  var bodyPosition: TextPosition {
    TextPosition(byteOffset: bodyOffset, row: 0, line: linesBeforeBody)
  }

  static let wellKnownNames: Set<String> = [
    "src", "source", "from", "dst", "destination", "dest", "target", "to", "id", "node", "node_id",
    "source_id", "target_id", "u", "v", "head", "tail",
  ]

  private static let limitBytes = 16 << 20

  init(
    path: String, delimiter given: Delimiter?, expectedNames: [String], hasHeader: Bool?,
    ids: IDKind = .auto
  ) throws(IngestError) {
    try self.init(
      InputOrigin(path), delimiter: given, expectedNames: expectedNames, hasHeader: hasHeader,
      ids: ids)
  }

  init(
    _ origin: InputOrigin, delimiter given: Delimiter?, expectedNames: [String],
    hasHeader: Bool?, ids: IDKind = .auto
  ) throws(IngestError) {
    let path = origin.name
    var capacity = 1 << 16
    while true {
      let buffer = ByteBuffer(capacity: capacity + 1)
      let fresh = try ByteSource(origin.open())
      var count = try fresh.read(into: buffer, range: 0..<capacity)
      let complete = count < capacity
      if complete {
        if count == 0 { throw .emptyFile(path) }
        if buffer.view(count: count)[count - 1] != TextView.newline {
          buffer.store(TextView.newline, at: count)
          count += 1
        }
      }
      if let foreign = ForeignFile(buffer.view(count: count)) {
        throw .foreignFile(path, kind: foreign.kind, mend: foreign.mend)
      }
      let head = try TextHead(
        path: path, view: buffer.view(count: count), complete: complete, delimiter: given,
        expectedNames: expectedNames, hasHeader: hasHeader, ids: ids)
      if let head {
        self = head
        return
      }
      if capacity >= Self.limitBytes {
        throw .tooManyComments(path, limitBytes: Self.limitBytes)
      }
      capacity *= 16
    }
  }

  /// - Returns: nil if the bytes at hand do not reach past the first two rows.
  private init?(
    path: String, view: TextView, complete: Bool, delimiter given: Delimiter?,
    expectedNames: [String], hasHeader: Bool?, ids: IDKind
  ) throws(IngestError) {
    guard let last = view.lastNewline(in: 0..<view.count) else { return nil }
    var declared: [String]?
    var offset = 0
    var line = 0
    if view.count >= 3, view[0] == 0xef, view[1] == 0xbb, view[2] == 0xbf { offset = 3 }
    var rows: [(range: Range<Int>, line: Int, next: Int)] = []
    var bodyOffset = offset
    var bodyLine = 0
    while offset <= last, rows.count < 2 {
      let end = view.lineEnd(from: offset)
      line += 1
      var range = offset..<end
      if let final = range.last, view[final] == UInt8(ascii: "\r") { range = offset..<end - 1 }
      let place = TextPlace(file: path, line: line)
      if let fault = view.firstFault(in: range) { throw fault.error(place, lineStart: offset) }
      // Text with such line ends would be one line with odd words in it.
      if range.contains(where: { view[$0] == UInt8(ascii: "\r") }) { throw .carriageReturn(place) }
      let isBlank = range.allSatisfy { view[$0] == UInt8(ascii: " ") || view[$0] == 9 }
      if let first = range.first, view[first] == UInt8(ascii: "#") {
        let text = view.string(range)
        if rows.isEmpty, let names = Self.declaredColumns(text) { declared = names }
      } else if !isBlank {
        if rows.isEmpty {
          bodyOffset = offset
          bodyLine = line - 1
        }
        rows.append((range, line, end + 1))
      }
      offset = end + 1
    }
    if rows.count < 2, !complete { return nil }
    guard let first = rows.first else {
      delimiter = given ?? .tab
      names = declared ?? []
      namesDeclared = declared != nil
      columnCount = names.count
      self.bodyOffset = offset
      linesBeforeBody = line
      firstRow = []
      firstRowPlace = TextPlace(file: path, line: line)
      return
    }
    let separator = given ?? Delimiter.detected(in: first.range, of: view)
    func values(_ row: (range: Range<Int>, line: Int, next: Int)) throws(IngestError) -> [String] {
      do throws(QuoteFault) {
        return try separator.fields(of: row.range, in: view).map { view.value($0, of: row.range) }
      } catch {
        throw error.error(TextPlace(file: path, line: row.line), in: view)
      }
    }
    let firstValues = try values(first)
    let secondValues = rows.count > 1 ? try values(rows[1]) : []
    hasQuotes =
      separator == .comma
      && rows.contains { row in row.range.contains { view[$0] == TextView.quote } }
    let isHeader =
      hasHeader
      ?? (declared == nil
        && Self.looksLikeHeader(
          firstValues, next: secondValues, expected: expectedNames, ids: ids))
    delimiter = separator
    columnCount = firstValues.count
    if isHeader {
      names = firstValues
      namesDeclared = true
      headerLine = first.line
      self.bodyOffset = first.next
      linesBeforeBody = first.line
      firstRow = secondValues
      firstRowPlace = TextPlace(file: path, line: rows.count > 1 ? rows[1].line : first.line)
    } else {
      names = declared ?? (1...max(1, firstValues.count)).map { "column\($0)" }
      namesDeclared = declared != nil
      self.bodyOffset = bodyOffset
      linesBeforeBody = bodyLine
      firstRow = firstValues
      firstRowPlace = TextPlace(file: path, line: first.line)
      if let declared, declared.count != columnCount {
        throw .columnCount(firstRowPlace, found: columnCount, expected: declared.count)
      }
    }
    for (index, name) in names.enumerated() where names[..<index].contains(name) {
      throw .duplicateColumn(path, column: name)
    }
  }

  private static func declaredColumns(_ comment: String) -> [String]? {
    let text = comment.dropFirst().drop { $0 == " " }
    guard text.hasPrefix("columns:") else { return nil }
    let list = text.dropFirst("columns:".count).drop { $0 == " " }
    if list.contains("\t") {
      return list.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
    let separators: Set<Character> = [" ", ","]
    return list.split { separators.contains($0) }.map(String.init)
  }

  private static func looksLikeHeader(
    _ values: [String], next: [String], expected: [String], ids: IDKind
  ) -> Bool {
    if values.contains(where: { Double($0) != nil }) { return false }
    let names = values.map { $0.lowercased() }
    if names.contains(where: wellKnownNames.contains) { return true }
    if values.contains(where: expected.contains) { return true }
    if ids != .string, !next.isEmpty, next.allSatisfy({ Double($0) != nil }) { return true }
    return zip(values, next).dropFirst(2).contains { Double($1) != nil }
  }
}

extension TextFault {
  func error(_ place: TextPlace, lineStart: Int) -> IngestError {
    switch self {
    case .nul(let offset): .nulByte(place, byteOffset: offset - lineStart)
    case .invalidUTF8(let offset): .invalidUTF8(place, byteOffset: offset - lineStart)
    }
  }
}
