package import MerestoneCore

/// An edge list on disk: text, binary pairs or a NumPy array, plain or compressed, or the standard input.
///
/// Opening looks at the first lines or the header only. ``stream(from:pool:cancellation:)`` then
/// delivers all edges in the file's order, in batches that are the same at any number of threads,
/// with memory bounded by a few batches. A text file with further columns needs their types
/// first: ``inferColumnTypes(pool:cancellation:)`` reads it once for that; of the standard input
/// it looks at the first batch, and later values that do not fit are an error.
package struct EdgeListReader: Sendable {
  package struct Options: Sendable {
    /// nil: told by the file's name.
    package var format: EdgeFormat?
    package var mapping = ColumnMapping()
    /// What ids are; a caller with several files passes the first one's kind on to the others.
    package var ids = IDKind.auto
    /// Whether to read columns other than source and destination.
    package var readsColumns = true
    /// Whether the first line of a text file names the columns; nil: told by its look.
    package var hasHeader: Bool?
    /// Whether a file without any edge is fine: where a node table says which nodes there are.
    package var allowsEmpty = false
    /// Bytes of text in a batch at most, and so the longest line.
    package var batchBytes = 1 << 20
    /// What a path of `-` reads.
    package var standardInput = StandardInput.shared

    package init() {}
  }

  package let path: String
  package let format: EdgeFormat
  package let idKind: RawIDKind
  /// The columns that ride along, in the file's order.
  package private(set) var columns: [EdgeColumn]
  /// The number of edges, where the file's size or header says it.
  package let knownEdgeCount: Int?
  /// The file's size on disk.
  package let fileBytes: Int

  let options: Options
  private let origin: InputOrigin
  private let array: EdgeArray?
  private let isCompressed: Bool
  private let head: TextHead?
  private let sourceColumn: Int
  private let destinationColumn: Int

  package static func open(
    _ path: String, options: Options = Options()
  ) throws(IngestError) -> EdgeListReader {
    let format = options.format ?? EdgeFormat(path: path)
    switch format {
    case .u32, .u64, .npy: return try EdgeListReader(binary: path, format: format, options: options)
    case .tsv, .csv, .blanks, .text:
      return try EdgeListReader(text: path, format: format, options: options)
    }
  }

  private init(binary path: String, format: EdgeFormat, options: Options) throws(IngestError) {
    if options.ids == .string { throw .integersRequired(path) }
    self.path = path
    self.format = format
    self.options = options
    idKind = .integer
    columns = []
    head = nil
    sourceColumn = 0
    destinationColumn = 1
    origin = try InputOrigin(path, standardInput: options.standardInput)
    let source = try ByteSource(origin.open())
    fileBytes = source.fileBytes
    isCompressed = source.isCompressed
    array = format == .npy ? try EdgeArray(origin) : nil
    if let array {
      knownEdgeCount = array.edgeCount
    } else {
      knownEdgeCount = try PairStream.edgeCount(source, idBytes: format == .u64 ? 8 : 4)
    }
    if knownEdgeCount == 0, !options.allowsEmpty { throw .emptyFile(path) }
  }

  private init(text path: String, format: EdgeFormat, options: Options) throws(IngestError) {
    self.path = path
    self.format = format
    self.options = options
    knownEdgeCount = nil
    array = nil
    origin = try InputOrigin(path, standardInput: options.standardInput)
    let source = try ByteSource(origin.open())
    fileBytes = source.fileBytes
    isCompressed = source.isCompressed
    if fileBytes == 0, origin.isRepeatable, options.allowsEmpty {
      head = nil
      columns = []
      idKind = options.ids == .string ? .string : .integer
      sourceColumn = 0
      destinationColumn = 1
      return
    }
    let head = try TextHead(
      origin, delimiter: format.delimiter,
      expectedNames: Array(options.mapping.columns.values), hasHeader: options.hasHeader,
      ids: options.ids)
    self.head = head
    guard head.hasRows else {
      if !options.allowsEmpty {
        throw .noDataLines(path, lines: head.linesBeforeBody)
      }
      columns = []
      idKind = options.ids == .string ? .string : .integer
      sourceColumn = 0
      destinationColumn = 1
      return
    }
    guard head.columnCount >= 2 else {
      throw .tooFewColumns(head.firstRowPlace, found: head.columnCount)
    }
    let roles = try options.mapping.resolve(names: head.names, file: path)
    sourceColumn = roles[.source]!
    destinationColumn = roles[.destination]!
    let (first, second) = (sourceColumn, destinationColumn)
    var columns: [EdgeColumn] = []
    if options.readsColumns {
      for (index, name) in head.names.enumerated() where index != first && index != second {
        let role = roles.first { $0.value == index }?.key
        columns.append(
          EdgeColumn(
            name: role?.name ?? name, role: role, type: Self.fixedType(of: role), column: index))
      }
      for (index, column) in columns.enumerated()
      where columns[..<index].contains(where: { $0.name == column.name }) {
        throw .duplicateColumn(path, column: column.name)
      }
    }
    self.columns = columns
    idKind = try Self.decideKind(
      options.ids, head: head, fields: [first, second])
  }

  private static func fixedType(of role: ColumnRole?) -> ColumnType? {
    switch role {
    case .weight: .number
    case .relation: .word
    case .split: .split
    default: nil
    }
  }

  /// Integers if all `fields` of the first row are canonical integers; digits beyond 64 bits are
  /// an error rather than words, since the user will have meant a number.
  static func decideKind(
    _ kind: IDKind, head: TextHead, fields: [Int]
  ) throws(IngestError) -> RawIDKind {
    switch kind {
    case .integer: return .integer
    case .string: return .string
    case .auto:
      var allIntegers = true
      for column in fields where column < head.firstRow.count {
        let text = head.firstRow[column]
        if UInt64(text).map({ String($0) == text }) ?? false { continue }
        let isDigits = !text.isEmpty && text.utf8.allSatisfy { $0 &- 48 <= 9 }
        if isDigits, text.utf8.first != UInt8(ascii: "0") {
          throw .idTooLarge(head.firstRowPlace, column: head.names[column], found: text)
        }
        allIntegers = false
      }
      return allIntegers ? .integer : .string
    }
  }

  /// The line of a text file that was taken for a header by its look, to tell the user.
  package var headerLine: Int? { head?.headerLine }

  /// The line of an edge, by reading the file again: for messages. nil for binary files.
  package func line(ofRow row: Int) throws(IngestError) -> Int? {
    guard let head, origin.isRepeatable else { return nil }
    return try TextLines.line(ofRow: row, path: path, head: head)
  }

  // MARK: - Types

  /// Sets the type of a column, for example to the one that suits several files.
  package mutating func setType(_ type: ColumnType, ofColumn name: String) {
    for index in columns.indices where columns[index].name == name { columns[index].type = type }
  }

  /// What the values of the columns without a type are, by reading the whole file once; nothing
  /// is read if all have one.
  ///
  /// Evidence of several files can be joined before ``setType(_:ofColumn:)``.
  package func columnEvidence(
    pool: ThreadPool, cancellation: Cancellation? = nil
  ) throws(IngestError) -> [String: TypeEvidence] {
    let undecided = columns.filter { $0.type == nil }
    guard let head, head.hasRows, !undecided.isEmpty else { return [:] }
    let fields = undecided.map { TextField(column: $0.column, name: $0.name, type: .evidence) }
    let stream = try textStream(
      head: head, fields: fields, pool: pool, cancellation: cancellation)
    var evidence = [TypeEvidence](repeating: TypeEvidence(), count: fields.count)
    while let batch = try stream.next() {
      // What is read of the standard input is kept in memory for the reading proper.
      if !isRepeatable, batch.firstRow > 0 { break }
      for (index, values) in batch.columns.enumerated() {
        if case .evidence(let found) = values { evidence[index].join(found) }
      }
    }
    return Dictionary(uniqueKeysWithValues: zip(undecided.map(\.name), evidence))
  }

  /// Gives every column without a type the narrowest one that holds all of its values.
  package mutating func inferColumnTypes(
    pool: ThreadPool, cancellation: Cancellation? = nil
  ) throws(IngestError) {
    let evidence = try columnEvidence(pool: pool, cancellation: cancellation)
    for index in columns.indices where columns[index].type == nil {
      columns[index].type = evidence[columns[index].name]?.type ?? .number
    }
  }

  // MARK: - Reading

  /// Whether the input can be read more than once.
  package var isRepeatable: Bool { origin.isRepeatable }

  /// Whether several threads can read different parts of it: a plain file.
  package var isSplittable: Bool { isRepeatable && !isCompressed }

  /// Throws if the file is no longer the one that was opened, as it was then.
  package func checkUnchanged() throws(IngestError) { _ = try origin.open() }

  /// Where the edges of a plain binary file lie, if they lie as pairs; nil for all other files.
  package var pairLayout: PairLayout? {
    guard isSplittable, let count = knownEdgeCount else { return nil }
    guard let array else {
      return PairLayout(
        byteOffset: 0, idBytes: format == .u64 ? 8 : 4, count: count, isSigned: false)
    }
    let idBytes = array.element.byteCount
    guard array.isInterleaved, idBytes >= 4 else { return nil }
    return PairLayout(
      byteOffset: array.bodyOffset, idBytes: idBytes, count: count,
      isSigned: array.element == .signed(bytes: idBytes))
  }

  /// Begins to read the edges.
  ///
  /// - Parameter start: The end of the batch to go on behind; nil for the first edge. Batches are
  ///   cut as if the edges before had been read too. Compressed files are decoded from their
  ///   start, and what comes before is forgotten.
  /// - Precondition: every column has a type.
  package func stream(
    from start: TextPosition? = nil, pool: ThreadPool, cancellation: Cancellation? = nil
  ) throws(IngestError) -> EdgeStream {
    let source = try ByteSource(origin.open())
    origin.standardInput?.stopKeeping()
    switch format {
    case .u32, .u64, .npy:
      return EdgeStream(try binarySource(source, from: start), cancellation: cancellation)
    case .tsv, .csv, .blanks, .text:
      guard let head, head.hasRows else { return EdgeStream(.nothing, cancellation: cancellation) }
      let text = TextStream(
        layout: layout(head: head, fields: fields(head: head)), head: head, pool: pool,
        cancellation: cancellation, chunkBytes: options.batchBytes, source: source, from: start)
      return EdgeStream(.text(text), cancellation: cancellation)
    }
  }

  private func binarySource(
    _ source: ByteSource, from start: TextPosition?
  ) throws(IngestError) -> EdgeStream.Source {
    if let array { return .array(try EdgeArrayStream(array, firstRow: start?.row ?? 0)) }
    return .pairs(
      PairStream(source, idBytes: format == .u64 ? 8 : 4, firstRow: start?.row ?? 0))
  }

  /// Begins to read one batch after the other on the caller's thread, text without parsing it.
  ///
  /// - Precondition: every column has a type.
  func pieces(from start: TextPosition?) throws(IngestError) -> EdgePieces {
    let source = try ByteSource(origin.open())
    origin.standardInput?.stopKeeping()
    switch format {
    case .u32, .u64, .npy: return EdgePieces(try binarySource(source, from: start))
    case .tsv, .csv, .blanks, .text:
      guard let head, head.hasRows else { return EdgePieces(.nothing) }
      let start = start ?? head.bodyPosition
      return EdgePieces(
        TextCutter(source, from: start.byteOffset, chunkBytes: options.batchBytes),
        layout: layout(head: head, fields: fields(head: head)), from: start)
    }
  }

  /// What to read from each line: source, destination, the columns.
  private func fields(head: TextHead) -> [TextField] {
    let idType: ColumnType = idKind == .integer ? .integerID : .stringID
    var fields = [
      TextField(column: sourceColumn, name: head.names[sourceColumn], type: idType),
      TextField(column: destinationColumn, name: head.names[destinationColumn], type: idType),
    ]
    for column in columns {
      guard let type = column.type else {
        preconditionFailure("column '\(column.name)' has no type; call inferColumnTypes first")
      }
      fields.append(
        TextField(
          column: column.column, name: column.name, type: type,
          isSampled: !isRepeatable && Self.fixedType(of: column.role) == nil))
    }
    return fields
  }

  private func layout(head: TextHead, fields: [TextField]) -> TextLayout {
    TextLayout(
      path: origin.name, delimiter: head.delimiter, columnCount: head.columnCount, fields: fields,
      holdsEdges: true, isQuoted: head.hasQuotes)
  }

  private func textStream(
    head: TextHead, fields: [TextField], pool: ThreadPool, cancellation: Cancellation?
  ) throws(IngestError) -> TextStream {
    try TextStream(
      layout: layout(head: head, fields: fields), head: head,
      pool: isRepeatable ? pool : ThreadPool(threads: 1), cancellation: cancellation,
      chunkBytes: options.batchBytes, source: ByteSource(origin.open()))
  }
}

/// Where the edges of a plain binary file lie: pairs of little-endian source and destination.
package struct PairLayout: Sendable, Hashable {
  package var byteOffset: Int
  /// Bytes of one id: 4 or 8.
  package var idBytes: Int
  /// The number of pairs.
  package var count: Int
  /// Whether ids are signed, so that a set top bit means a negative one, which is an error.
  package var isSigned: Bool
}
