import MerestoneCore
import MerestoneIngest
import MerestonePartition

/// All edges of the inputs as they stand, in memory.
struct ParsedEdges {
  /// Both ends of every edge: raw integers, or numbers of strings.
  enum Ends {
    case integers(sources: RawIntegers, destinations: RawIntegers)
    case strings(sources: [UInt32], destinations: [UInt32])
  }

  var ends: Ends
  /// The strings that ends are numbers of; those of the node table come first.
  var strings: StringIndex
  /// Columns that ride along, one value per edge.
  var columns: [NamedColumn]
  /// Where each file's edges start.
  var files: [(path: String, firstEdge: Int)]
  var count: Int
  var warnings: [String]

  /// The file of an edge and the edge's position in it, both from 0.
  func place(of edge: Int) -> (file: Int, row: Int) {
    let file = files.lastIndex { $0.firstEdge <= edge } ?? 0
    return (file, edge - files[file].firstEdge)
  }

  /// Reads all edge files.
  ///
  /// - Parameters:
  ///   - strings: Ids that have numbers already.
  ///   - estimate: Corrected upwards as edges arrive; past the cap, work ends.
  static func read(
    _ inputs: InputFiles, strings: StringIndex, estimate: MemoryEstimate, cap: ByteCount,
    pool: ThreadPool, progress: any ProgressListener, cancellation: Cancellation
  ) throws(PreprocessError) -> ParsedEdges {
    var sources = RawIntegers(reserving: inputs.idKind == .integer ? estimate.edges : 0)
    var destinations = RawIntegers(reserving: inputs.idKind == .integer ? estimate.edges : 0)
    var sourceNumbers: [UInt32] = []
    var destinationNumbers: [UInt32] = []
    var strings = strings
    var estimate = estimate
    var columns = (inputs.edges.first?.columns ?? []).map(EdgeColumnBuilder.init)
    var files: [(path: String, firstEdge: Int)] = []
    var count = 0
    for reader in inputs.edges {
      files.append((reader.path, count))
      let stream = try PreprocessError.reading { () throws(IngestError) in
        try reader.stream(pool: pool, cancellation: cancellation)
      }
      var bytesRead = 0
      while true {
        let next = try PreprocessError.reading { () throws(IngestError) in try stream.next() }
        guard let batch = next else { break }
        switch (batch.sources, batch.destinations) {
        case (.integers(let starts), .integers(let ends)):
          sources.append(starts)
          destinations.append(ends)
        case (.strings(let starts), .strings(let ends)):
          for index in 0..<batch.count {
            sourceNumbers.append(strings.intern(starts, at: index))
            destinationNumbers.append(strings.intern(ends, at: index))
          }
          guard strings.count < EdgeList.nodeLimit else {
            throw .tooManyNodes(limit: EdgeList.nodeLimit)
          }
        default: preconditionFailure("one file has ids of two kinds")
        }
        for (index, values) in batch.columns.enumerated() { columns[index].append(values) }
        count += batch.count
        guard count < Int(UInt32.max) else {
          throw .tooManyEdges(count: count, limit: Int(UInt32.max))
        }
        if count > estimate.edges || strings.count > estimate.nodes {
          estimate.edges = max(estimate.edges, count)
          estimate.nodes = max(estimate.nodes, strings.count)
          try estimate.check(cap: cap)
        }
        let position = stream.fileBytesRead
        progress.advance(by: position - bytesRead)
        bytesRead = position
      }
    }
    let lost = columns.filter(\.isLeftOut).map(\.name)
    return ParsedEdges(
      ends: inputs.idKind == .integer
        ? .integers(sources: sources, destinations: destinations)
        : .strings(sources: sourceNumbers, destinations: destinationNumbers),
      strings: strings, columns: columns.compactMap(\.column), files: files, count: count,
      warnings: lost.map { name in
        "edge column '\(name)' has more than \(ColumnData.categoryLimit.grouped) distinct words "
          + "and is left out; remove it from the input to be rid of this warning"
      })
  }
}

/// Gathers one edge column over all batches.
private struct EdgeColumnBuilder {
  let name: String
  let type: ColumnType
  private var integers: [Int64] = []
  private var numbers: [Double] = []
  private var splits: [UInt8] = []
  private var codes: [UInt32] = []
  private var dictionary = CategoryDictionary()
  private(set) var isLeftOut = false

  init(_ column: EdgeColumn) {
    name = column.name
    type = column.type ?? .number
  }

  mutating func append(_ values: ColumnValues) {
    switch values {
    case .integers(let values): integers.append(contentsOf: values)
    case .numbers(let values): numbers.append(contentsOf: values)
    case .splits(let values): splits.append(contentsOf: values)
    case .words(let words):
      guard !isLeftOut else { return }
      codes.append(contentsOf: dictionary.codes(of: words))
      // The kinds of a relation are part of the graph, however many there are.
      if dictionary.count > ColumnData.categoryLimit, name != ColumnRole.relation.name {
        isLeftOut = true
        codes = []
        dictionary = CategoryDictionary()
      }
    case .ids, .evidence: break
    }
  }

  var column: NamedColumn? {
    guard !isLeftOut else { return nil }
    let data: ColumnData =
      switch type {
      case .integer: .integers(integers)
      case .split: .splits(splits)
      case .word: .categories(codes: codes, words: dictionary.words)
      default: .numbers(numbers)
      }
    return NamedColumn(name: name, data: data)
  }
}
