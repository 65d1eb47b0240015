import MerestoneCore

/// One verification under way: the open files, the work on them, what is wrong so far.
struct VerificationRun: Sendable {
  let graph: GraphStore
  let cancellation: Cancellation?
  var errors: [StorageError] = []
  var edgeFiles: [EdgeFile] = []
  /// Second streams, each with the first.
  var packedFiles: [(packed: EdgeStore, edges: EdgeStore)] = []
  var reverseFiles: [ReverseFile] = []
  var columns: [ColumnFile] = []
  var sumFiles: [SumFile] = []
  var orderFiles: [OrderFile] = []
  var ids: [(type: NodeTypeID, map: IDMap)] = []

  /// Listed files that some check reads.
  private var covered: Set<String> = []

  struct EdgeFile: Sendable {
    var store: EdgeStore
    var relation: RelationID
    var shard: ShardID
    /// Sources of this shard: an edge from another is cut.
    var ownSources: Range<UInt64>
    var firstDestination: UInt64
  }

  struct ColumnFile: Sendable {
    var column: Column
    var rule: ColumnRule?
  }

  /// A unit of work, and how many bytes it stands for.
  struct Task: Sendable {
    var work: Work
    var bytes: Int
  }

  enum Work: Sendable {
    case layout(file: Int)
    case lists(file: Int, blocks: Range<Int>)
    case digest(file: Int, positions: Range<Int>)
    case packedLayout(Int)
    case packed(Int, pages: Range<Int>)
    case reverseLayout(Int)
    case reverse(Int, positions: Range<Int>)
    case column(Int, blocks: Range<Int>)
    case sums(Int)
    case order(Int)
    case nodeIDs(Int, nodes: Range<Int>)
    case rawIDs(Int, rows: Range<Int>)
  }

  init(_ graph: GraphStore, cancellation: Cancellation?) {
    self.graph = graph
    self.cancellation = cancellation
  }

  var totalBytes: Int { tasks.reduce(0) { $0 + $1.bytes } }

  /// Compares what is in the folder with the list.
  mutating func checkFolder() throws(StorageError) {
    for file in graph.manifest.files {
      do throws(StorageError) { try graph.checkSize(of: file) } catch { errors.append(error) }
    }
    for item in try FolderTree.items(below: graph.path) where item.kind != .folder {
      if graph.listed[item.path] != nil, item.kind == .file { continue }
      if [GraphManifest.fileName, GraphManifest.reportName].contains(item.path) { continue }
      errors.append(
        .invalid(
          path: graph.path + "/" + item.path, what: "file in a graph",
          expected: "none, the manifest does not list it",
          found: item.kind == .file ? "\(item.bytes) bytes" : "something that is no file",
          mend: "move it elsewhere; a graph holds its own files only"))
    }
  }

  /// Opens everything that the manifest calls for.
  mutating func collect() {
    for piece in graph.pieces {
      let name = graph.name(of: piece)
      cover(name, isColumn: name.hasSuffix(".npy"))
      if case .reverse(let relation, let shard) = piece {
        cover(GraphLayout.reverseIDs(relation, shard: shard), isColumn: false)
      }
      do throws(StorageError) { try collect(piece) } catch { errors.append(error) }
    }
    for number in graph.manifest.nodeTypes.indices {
      do throws(StorageError) {
        try collectIDs(NodeTypeID(number))
      } catch { errors.append(error) }
    }
    // Where ids can't be opened, what their files hold stays open, but that was reported.
    for file in graph.manifest.files where !covered.contains(file.path) {
      if file.path.hasPrefix("ids/"), !errors.isEmpty { continue }
      errors.append(
        .invalid(
          path: graph.path + "/" + file.path, what: "file in the manifest",
          expected: "one that a type, a relation or a column calls for", found: "none that does",
          mend: "make the graph again"))
    }
  }

  private mutating func cover(_ name: String, isColumn: Bool) {
    covered.insert(name)
    if isColumn { covered.insert(ColumnChecksums.path(of: name)) }
  }

  private mutating func collect(_ piece: GraphStore.Piece) throws(StorageError) {
    switch piece {
    case .edges(let relation, let shard): try collectEdges(relation, shard)
    case .packedEdges(let relation, let shard):
      guard let packed = try graph.openPackedEdges(relation, shard) else { return }
      let entry = graph.manifest.relations[relation.rawValue]
      if let edges = try graph.openEdges(relation, entry, shard) {
        packedFiles.append((packed, edges))
      }
    case .reverse(let relation, let shard):
      guard let store = try graph.openReverse(relation, shard) else { return }
      let type = NodeTypeID(graph.manifest.relations[relation.rawValue].sourceType)
      reverseFiles.append(
        ReverseFile(
          store: store, relation: relation, shard: shard,
          firstSource: graph.book.nodes(of: type, in: shard).lowerBound))
    case .nodeColumn(let number, let type, _):
      try collect(piece, graph.manifest.nodeTypes[type.rawValue].columns[number])
    case .edgeColumn(let number, let relation, _):
      try collect(piece, graph.manifest.relations[relation.rawValue].columns[number])
    case .edgeSums(let number, let relation, let shard):
      try collectSums(piece, number, relation, shard)
    case .edgeOrder(let number, let relation, let shard):
      try collectOrder(piece, number, relation, shard)
    case .edgeTimes:
      if let times = try graph.openColumn(piece) {
        columns.append(ColumnFile(column: times, rule: nil))
      }
    }
  }

  private mutating func collectEdges(
    _ relation: RelationID, _ shard: ShardID
  ) throws(StorageError) {
    let entry = graph.manifest.relations[relation.rawValue]
    guard let store = try graph.openEdges(relation, entry, shard) else { return }
    let book = graph.book
    edgeFiles.append(
      EdgeFile(
        store: store, relation: relation, shard: shard,
        ownSources: book.nodes(of: NodeTypeID(entry.sourceType), in: shard),
        firstDestination: book.nodes(of: NodeTypeID(entry.destinationType), in: shard).lowerBound))
  }

  private mutating func collect(
    _ piece: GraphStore.Piece, _ entry: ColumnEntry
  ) throws(StorageError) {
    guard let column = try graph.openColumn(piece) else { return }
    columns.append(ColumnFile(column: column, rule: ColumnRule(entry)))
  }

  private mutating func collectIDs(_ type: NodeTypeID) throws(StorageError) {
    let map = try graph.openIDs(type)
    ids.append((type, map))
    for column in map.columns {
      cover(String(column.path.dropFirst(graph.path.count + 1)), isColumn: true)
      columns.append(ColumnFile(column: column, rule: nil))
    }
  }

  /// The work, cut into pieces that do not depend on the number of threads.
  var tasks: [Task] {
    var tasks: [Task] = []
    func cut(_ count: Int, _ size: Int, _ bytes: Int, _ work: (Range<Int>) -> Work) {
      for start in stride(from: 0, to: count, by: size) {
        let range = start..<min(start + size, count)
        tasks.append(Task(work: work(range), bytes: bytes / count * range.count))
      }
    }
    // One after the other within a file, so they begin first.
    for (number, file) in sumFiles.enumerated() {
      tasks.append(Task(work: .sums(number), bytes: file.weights.bytesOnDisk))
    }
    for (number, file) in orderFiles.enumerated() {
      tasks.append(Task(work: .order(number), bytes: file.times.bytesOnDisk))
    }
    for (number, file) in edgeFiles.enumerated() {
      tasks.append(Task(work: .layout(file: number), bytes: 0))
      cut(file.store.header.blockCount, 64, file.store.fileBytes) {
        .lists(file: number, blocks: $0)
      }
    }
    for (number, file) in edgeFiles.enumerated()
    where graph.manifest.relations[file.relation.rawValue].reverse != nil {
      cut(file.store.edgeCount, Self.portion, file.store.fileBytes) {
        .digest(file: number, positions: $0)
      }
    }
    for (number, file) in packedFiles.enumerated() {
      tasks.append(Task(work: .packedLayout(number), bytes: 0))
      cut(file.packed.pageCount, 256, file.packed.fileBytes) { .packed(number, pages: $0) }
    }
    for (number, file) in reverseFiles.enumerated() {
      tasks.append(Task(work: .reverseLayout(number), bytes: 0))
      cut(file.store.edgeCount, Self.portion, file.store.fileBytes) {
        .reverse(number, positions: $0)
      }
    }
    for (number, file) in columns.enumerated() {
      cut(file.column.blockCount, 16, file.column.bytesOnDisk) { .column(number, blocks: $0) }
    }
    for (number, item) in ids.enumerated() where item.map.storage != .identity {
      cut(item.map.count, 1 << 16, item.map.bytesOnDisk) { .nodeIDs(number, nodes: $0) }
      guard case .dense(_, let nodes) = item.map.form else { continue }
      cut(nodes.rows, 1 << 20, 0) { .rawIDs(number, rows: $0) }
    }
    return tasks
  }

  /// Does one piece of the work; safe from several threads.
  func perform(_ work: Work) -> Verification.Finding {
    switch work {
    case .layout(let file): checkLayout(edgeFiles[file])
    case .lists(let file, let blocks): checkLists(file, blocks)
    case .digest(let file, let positions): digest(file, positions)
    case .packedLayout(let number): checkPackedLayout(number)
    case .packed(let number, let pages): checkPacked(number, pages)
    case .reverseLayout(let number): checkReverseLayout(number)
    case .reverse(let number, let positions): checkReverse(number, positions)
    case .column(let number, let blocks): check(columns[number], blocks)
    case .sums(let number): checkSums(number)
    case .order(let number): checkOrder(number)
    case .nodeIDs(let number, let nodes): checkNodeIDs(ids[number].map, nodes)
    case .rawIDs(let number, let rows): countRawIDs(ids[number].type, ids[number].map, rows)
    }
  }

  /// Adds up what the pieces found and compares it with what was recorded.
  mutating func conclude(_ findings: [Verification.Finding]) {
    for finding in findings { errors += finding.errors }
    // A piece of work ends at the first thing that is wrong; find what else is.
    for (number, file) in edgeFiles.enumerated()
    where findings.contains(where: { $0.file == number && !$0.errors.isEmpty }) {
      file.store.sweep(into: &errors)
    }
    for (number, file) in packedFiles.enumerated()
    where findings.contains(where: { $0.packedFile == number && !$0.errors.isEmpty }) {
      file.packed.sweep(into: &errors)
    }
    concludeReverse(findings)
    let isWhole = errors.isEmpty
    for (number, file) in edgeFiles.enumerated() {
      let found = findings.filter { $0.file == number }.map(\.maximumInDegree).max() ?? 0
      if isWhole, found != file.store.maximumInDegree {
        errors.append(
          .corrupt(
            path: file.store.path, byteOffset: 48, field: "largest in-degree",
            expected: "\(found)", found: "\(file.store.maximumInDegree)"))
      }
    }
    // The sums below mean nothing where a part could not be read.
    guard isWhole else { return }
    let manifest = graph.manifest
    func compare(_ field: String, recorded: Int, found: Int) {
      guard recorded != found else { return }
      errors.append(
        .corrupt(
          path: graph.path + "/" + GraphManifest.fileName, byteOffset: 0, field: field,
          expected: "\(found)", found: "\(recorded)"))
    }
    for (number, relation) in manifest.relations.enumerated() {
      let found = edgeFiles.filter { $0.relation.rawValue == number }.map(\.store.maximumInDegree)
      compare(
        "largest in-degree of relation \(relation.name)", recorded: relation.maxInDegree,
        found: found.max() ?? 0)
    }
    concludeSums(findings)
    compare(
      "edges between shards", recorded: manifest.partition.cutEdges,
      found: findings.reduce(0) { $0 + $1.cutEdges })
    for item in ids {
      guard case .dense(_, let nodes) = item.map.form else { continue }
      let found = findings.filter { $0.type == item.type }.reduce(0) { $0 + $1.presentIDs }
      guard found != item.map.count else { continue }
      errors.append(
        .corrupt(
          path: nodes.path, byteOffset: 0, field: "raw ids that lead to a node",
          expected: "\(item.map.count)", found: "\(found)"))
    }
  }

  /// Everything that is wrong, once each, by file and byte.
  func report() throws(StorageError) -> [StorageError] {
    var seen: [String: Int] = [:]
    var result: [StorageError] = []
    for error in errors {
      if error.isInputOutput { throw error }
    }
    let sorted = errors.map { ($0.location, $0) }.sorted { one, other in
      (one.0.path, one.0.byteOffset) < (other.0.path, other.0.byteOffset)
    }
    for (location, error) in sorted where !result.suffix(8).contains(error) {
      seen[location.path, default: 0] += 1
      if seen[location.path]! <= Verification.problemsPerFile { result.append(error) }
    }
    return result
  }
}
