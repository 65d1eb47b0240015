package import MerestoneCore

extension NodeTable {
  package struct Options: Sendable {
    package var ids = IDKind.auto
    /// nil: told by the first data line.
    package var delimiter: Delimiter?
    /// Names of columns that stand for `id`, `label`, `split` and `type`.
    package var idColumn: String?
    package var labelColumn: String?
    package var splitColumn: String?
    package var typeColumn: String?
    package var hasHeader: Bool?
    package var batchBytes = 1 << 20

    package init() {}
  }

  private static let idNames = ["id", "node", "node_id"]

  /// Reads a node table.
  ///
  /// The raw id is the column called id, node or node_id, else the first one. The file is read
  /// twice: first to find out what the columns without a role are (integers, numbers, words),
  /// then for their values.
  ///
  /// - Throws: ``IngestError/duplicateNode(_:id:line:firstLine:)`` for an id that two lines have,
  ///   ``IngestError/unknownSplit(_:found:)`` and the errors of text files.
  package static func read(
    _ path: String, options: Options = Options(), pool: ThreadPool,
    cancellation: Cancellation? = nil
  ) throws(IngestError) -> NodeTable {
    let head = try TextHead(
      path: path, delimiter: options.delimiter,
      expectedNames: [
        options.idColumn, options.labelColumn, options.splitColumn, options.typeColumn,
      ].compactMap { $0 } + ["label", "split"],
      hasHeader: options.hasHeader, ids: options.ids)
    guard head.hasRows else { throw .noDataLines(path, lines: head.linesBeforeBody) }
    let reader = Reader(
      path: path, head: head, options: options, pool: pool, cancellation: cancellation)
    return try reader.read()
  }

  /// The raw ids' kind, told by the first data line alone.
  package static func idKind(
    _ path: String, options: Options = Options()
  ) throws(IngestError) -> RawIDKind {
    let head = try TextHead(
      path: path, delimiter: options.delimiter, expectedNames: ["label", "split"],
      hasHeader: options.hasHeader, ids: options.ids)
    guard head.hasRows else { throw .noDataLines(path, lines: head.linesBeforeBody) }
    let column = try Reader.idColumn(options, in: head, path: path)
    return try EdgeListReader.decideKind(options.ids, head: head, fields: [column])
  }

  private struct Reader {
    let path: String
    let head: TextHead
    let options: Options
    let pool: ThreadPool
    let cancellation: Cancellation?

    static func find(
      _ asked: String?, among names: [String], in head: TextHead, path: String
    ) throws(IngestError) -> Int? {
      if let asked {
        guard let index = head.names.firstIndex(of: asked) else {
          throw .unknownColumn(path, column: asked, available: head.names)
        }
        return index
      }
      guard head.namesDeclared else { return nil }
      for name in names {
        if let index = head.names.firstIndex(where: { $0.lowercased() == name }) { return index }
      }
      return nil
    }

    /// The column of the ids: the one asked for or of a usual name, else the first one, unless its
    /// name says that it is something else.
    static func idColumn(
      _ options: Options, in head: TextHead, path: String
    ) throws(IngestError) -> Int {
      if let found = try find(options.idColumn, among: NodeTable.idNames, in: head, path: path) {
        return found
      }
      let others = [
        "label", "split", "type", options.labelColumn, options.splitColumn, options.typeColumn,
      ]
      if head.namesDeclared, let first = head.names.first, others.contains(first.lowercased()) {
        throw .noIDColumn(path, available: head.names)
      }
      return 0
    }

    func read() throws(IngestError) -> NodeTable {
      let idColumn = try Self.idColumn(options, in: head, path: path)
      let kind = try EdgeListReader.decideKind(options.ids, head: head, fields: [idColumn])
      let label = try Self.find(options.labelColumn, among: ["label"], in: head, path: path)
      let split = try Self.find(options.splitColumn, among: ["split"], in: head, path: path)
      let type = try Self.find(options.typeColumn, among: ["type"], in: head, path: path)
      let others = (0..<head.columnCount).filter { $0 != idColumn && $0 != split }
      let types = try inferTypes(others)
      var fields = [
        TextField(
          column: idColumn, name: head.names[idColumn],
          type: kind == .integer ? .integerID : .stringID)
      ]
      if let split { fields.append(field(split, .split)) }
      for column in others { fields.append(field(column, types[column] ?? .word)) }
      let values = try load(fields)
      var table = NodeTable(
        path: path, ids: values[0].ids, labels: nil, splits: nil, types: nil, columns: [])
      for (field, gathered) in zip(fields, values).dropFirst() {
        if field.column == split {
          table.splits = gathered.splits
        } else if field.column == label {
          table.labels = try labels(gathered, field)
        } else if field.column == type {
          table.types = gathered.nodeValues
        } else {
          table.columns.append(NodeColumn(name: field.name, values: gathered.nodeValues))
        }
      }
      try table.ids.checkDistinct { first, second throws(IngestError) in
        try duplicate(first: first, second: second, ids: table.ids)
      }
      return table
    }

    private func field(_ column: Int, _ type: ColumnType) -> TextField {
      TextField(column: column, name: head.names[column], type: type)
    }

    private func stream(_ fields: [TextField]) throws(IngestError) -> TextStream {
      try TextStream(
        layout: TextLayout(
          path: path, delimiter: head.delimiter, columnCount: head.columnCount, fields: fields,
          isQuoted: head.hasQuotes),
        head: head, pool: pool, cancellation: cancellation, chunkBytes: options.batchBytes,
        source: ByteSource(path: path))
    }

    private func inferTypes(_ columns: [Int]) throws(IngestError) -> [Int: ColumnType] {
      guard !columns.isEmpty else { return [:] }
      let stream = try stream(columns.map { field($0, .evidence) })
      var evidence = [TypeEvidence](repeating: TypeEvidence(), count: columns.count)
      while let batch = try stream.next() {
        for (index, values) in batch.columns.enumerated() {
          if case .evidence(let found) = values { evidence[index].join(found) }
        }
      }
      return Dictionary(uniqueKeysWithValues: zip(columns, evidence.map(\.type)))
    }

    private func load(_ fields: [TextField]) throws(IngestError) -> [GatheredColumn] {
      var columns = fields.map { GatheredColumn(type: $0.type) }
      let stream = try stream(fields)
      while let batch = try stream.next() {
        for (index, values) in batch.columns.enumerated() { columns[index].append(values) }
      }
      return columns
    }

    private func labels(
      _ gathered: GatheredColumn, _ field: TextField
    ) throws(IngestError) -> Labels {
      switch gathered.nodeValues {
      case .integers(let values):
        return Labels(codes: try labelCodes(values.map(Double.init)), categories: nil)
      case .numbers(let values):
        return Labels(codes: try labelCodes(values), categories: nil)
      case .categories(let codes, let words):
        // The word - is no class: take it out of the numbering.
        let none = words.firstIndex(of: "-").map(UInt32.init)
        let shifted = codes.map { code -> Int32 in
          guard let none else { return Int32(code) }
          return code == none ? -1 : Int32(code > none ? code - 1 : code)
        }
        return Labels(codes: shifted, categories: words.filter { $0 != "-" })
      }
    }

    private func labelCodes(_ values: [Double]) throws(IngestError) -> [Int32] {
      var codes: [Int32] = []
      codes.reserveCapacity(values.count)
      for (row, value) in values.enumerated() {
        if value.isNaN || value == -1 {
          codes.append(-1)
        } else if let code = Int32(exactly: value), code >= 0, code < .max {
          codes.append(code)
        } else {
          throw .invalidLabel(
            TextPlace(file: path, line: try line(of: row)),
            found: value == value.rounded() && value.magnitude < 0x1p53
              ? "\(Int64(value))" : "\(value)")
        }
      }
      return codes
    }

    private func duplicate(
      first: Int, second: Int, ids: RawIDColumn
    ) throws(IngestError) {
      throw .duplicateNode(
        path, id: ids.text(second), line: try line(of: second), firstLine: try line(of: first))
    }

    /// The line of a row, by reading the file again: for messages only.
    private func line(of row: Int) throws(IngestError) -> Int {
      try TextLines.line(ofRow: row, path: path, head: head)
    }
  }
}

/// The values of one column of all batches.
private struct GatheredColumn {
  let type: ColumnType
  var integerIDs: [UInt64] = []
  var strings = ByteStrings()
  var integers: [Int64] = []
  var numbers: [Double] = []
  var splits: [UInt8] = []
  var codes: [UInt32] = []
  var dictionary = CategoryDictionary()

  init(type: ColumnType) { self.type = type }

  mutating func append(_ values: ColumnValues) {
    switch values {
    case .ids(let values): integerIDs.append(contentsOf: values)
    case .integers(let values): integers.append(contentsOf: values)
    case .numbers(let values): numbers.append(contentsOf: values)
    case .splits(let values): splits.append(contentsOf: values)
    case .words(let words):
      if type == .stringID {
        strings.append(contentsOf: words)
      } else {
        codes.append(contentsOf: dictionary.codes(of: words))
      }
    case .evidence: break
    }
  }

  var ids: RawIDColumn { type == .integerID ? .integers(integerIDs) : .strings(strings) }

  var nodeValues: NodeColumnValues {
    switch type {
    case .integer: .integers(integers)
    case .number: .numbers(numbers)
    default: .categories(codes: codes, words: dictionary.words)
    }
  }
}
