import MerestoneCore
import MerestoneIngest
import MerestonePartition

/// What preprocessing in memory will need at its peak, before it starts.
///
/// The peak is the largest of the stages: parse (8 bytes per edge, 16 where ids need 64 bits),
/// policies (a sort of all edges), partition, sort into lists. Values of edge columns stay
/// resident from parsing to the end. About right rather than a bound: the sort allocates just
/// what is counted here, but the number of edges of a text file is estimated from its size and
/// first rows.
struct MemoryEstimate {
  var edges: Int
  var nodes: Int
  var perEdge: Int
  var perNode: Int
  /// Buffers, whatever the graph: batches of input, pages in work.
  var fixed = 48 << 20

  var bytes: Int { fixed + edges * perEdge + nodes * perNode }

  /// - Parameters:
  ///   - edges: How many edges the inputs have.
  ///   - nodes: How many nodes there are at most.
  init(edges: Int, nodes: Int, inputs: InputFiles, options: PreprocessOptions) {
    self.edges = edges
    self.nodes = nodes
    let columns = inputs.edges.first?.columns ?? []
    let columnBytes = columns.reduce(0) { sum, column in
      sum + (column.type == .split ? 1 : column.type == .word ? 4 : 8)
    }
    let row = columns.isEmpty ? 0 : 4
    let stored = options.isUndirected ? 2 : 1
    let isWide = inputs.idKind == .integer && inputs.edges.contains { $0.format != .u32 }
    let parsing = isWide ? 24 : 16
    let needsGroups = options.isUndirected || options.duplicates == .drop
    let policies = needsGroups ? 8 + 24 + 1 + stored * (8 + row) : 8
    let partition = Partition.workingBytes(options.partition.partitioner)
    let partitioning = stored * (8 + row + partition.perEdge)
    let sorting = stored * (8 + row + 16 + 2 * row)
    perEdge = columnBytes + max(parsing, policies, partitioning, sorting)
    let idBytes = inputs.idKind == .string ? 96 : 40
    perNode = idBytes + partition.perNode
  }

  /// - Throws: ``PreprocessError/memory(neededBytes:capBytes:edges:nodes:)`` where it does not fit.
  func check(cap: ByteCount) throws(PreprocessError) {
    guard bytes <= cap.bytes else {
      throw .memory(neededBytes: bytes, capBytes: cap.bytes, edges: edges, nodes: nodes)
    }
  }

  /// How many edges and nodes the inputs hold: edges are known for binary files, else from the size
  /// of the text and the rows of its first batch; nodes from the largest id of the first batches
  /// and from how often ids repeat there, until they are counted.
  static func sample(
    _ inputs: InputFiles, options: PreprocessOptions, pool: ThreadPool, cancellation: Cancellation
  ) throws(PreprocessError) -> MemoryEstimate {
    var edges = 0
    var largest: UInt64 = 0
    var seen = DistinctSample()
    for reader in inputs.edges {
      if let known = reader.knownEdgeCount { try limitEdges(known) }
      // Types of further columns do not matter for counting rows.
      var untyped = reader
      for column in reader.columns { untyped.setType(.evidence, ofColumn: column.name) }
      let first = try PreprocessError.reading { () throws(IngestError) in
        try untyped.stream(pool: pool, cancellation: cancellation).next()
      }
      guard let first else { continue }
      let batches = max(1, (textBytes(of: reader) + batchBytes - 1) / batchBytes)
      edges += reader.knownEdgeCount ?? first.count * batches
      if case .integers(let sources) = first.sources, case .integers(let ends) = first.destinations
      {
        largest = max(largest, sources.max() ?? 0, ends.max() ?? 0)
      }
      seen.add(first.sources)
      seen.add(first.destinations)
    }
    let listed = options.nodeCount ?? inputs.features?.rowCount ?? 0
    // Headers may say anything; past these limits sizes in bytes would overflow as well.
    try limitEdges(edges)
    guard listed <= EdgeList.nodeLimit else { throw .tooManyNodes(limit: EdgeList.nodeLimit) }
    // A sixteenth more, so that the memory which a refusal names is not refused in turn.
    let expected = min(seen.expected(of: 2 * edges) / 16 * 17, 2 * edges)
    let nodes =
      inputs.idKind == .string
      ? max(expected, edges / 8) : Int(clamping: min(largest, UInt64(max(expected, edges))))
    return MemoryEstimate(
      edges: edges, nodes: max(listed, nodes), inputs: inputs, options: options)
  }

  private static func limitEdges(_ count: Int) throws(PreprocessError) {
    let limit = Int(UInt32.max)
    guard count < limit else { throw .tooManyEdges(count: count, limit: limit) }
  }

  private static let batchBytes = EdgeListReader.Options().batchBytes

  /// The size of a file's text: a gzip file says it at its end, up to 4 GiB.
  private static func textBytes(of reader: EdgeListReader) -> Int {
    if reader.knownEdgeCount != nil { return reader.fileBytes }
    guard let tail = FileFingerprint.gzipTextBytes(reader.path) else { return reader.fileBytes }
    return tail >= reader.fileBytes / 2 ? tail : reader.fileBytes * 4
  }
}
