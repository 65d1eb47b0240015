import MerestoneCore
import MerestoneStorage
import MerestoneTestSupport

/// Whole graphs of which one file is changed, mostly with checksums that are right again, so that
/// readers have to survive what the checksums would have caught.
struct GraphTarget: FuzzTarget {
  let name: String
  let graphs: [[FuzzFile]]
  /// Which files are changed.
  let changes: @Sendable (_ path: String) -> Bool
  /// Whether mini-batches are sampled, beside what readers are asked one by one.
  var samples = false

  var fixedFiles: [FuzzFile] {
    graphs.enumerated().flatMap { number, files in
      files.map { FuzzFile(path: "g\(number)/\($0.path)", bytes: $0.bytes) }
    }
  }

  func input(using generator: inout SplitMix64) -> [FuzzFile] {
    let number = Int.random(in: 0..<graphs.count, using: &generator)
    let files = graphs[number]
    let candidates = files.filter { changes($0.path) }
    var file = candidates.randomElement(using: &generator)!
    Mutator.mutate(&file.bytes, others: candidates.map(\.bytes), using: &generator)
    var changed = [file]
    if Int.random(in: 0..<8, using: &generator) > 0 {
      changed = GraphRepair.repair(file, in: files)
    }
    return changed.map { FuzzFile(path: "g\(number)/\($0.path)", bytes: $0.bytes) }
  }

  func read(_ input: [FuzzFile], in folder: String, using generator: inout SplitMix64) throws {
    let path = folder + "/" + input[0].path.prefix { $0 != "/" }
    if Int.random(in: 0..<3, using: &generator) == 0 {
      for problem in try Verification.run(path, pool: Pools.one)
      where problem.description.utf8.count < 20 {
        throw Fault(description: "a problem without words: \(problem)")
      }
    }
    let store = try GraphStore.open(path)
    var scratch = PageScratch()
    for shard in (0..<store.book.shardCount).map({ ShardID($0) }) {
      for relation in store.manifest.relations.indices.map({ RelationID($0) }) {
        if let edges = try store.edges(relation, shard: shard) {
          try read(edges, &scratch, using: &generator)
        }
        if store.manifest.relations[relation.rawValue].reverse != nil,
          let edges = try store.outEdges(relation, shard: shard)
        {
          try read(edges, &scratch, using: &generator)
        }
        for column in store.manifest.relations[relation.rawValue].columns {
          try read(
            store.edgeColumn(column.name, relation: relation, shard: shard), using: &generator)
        }
      }
      for type in store.manifest.nodeTypes.indices.map({ NodeTypeID($0) }) {
        for column in store.manifest.nodeTypes[type.rawValue].columns {
          try read(store.nodeColumn(column.name, type: type, shard: shard), using: &generator)
        }
      }
    }
    for type in store.manifest.nodeTypes.indices.map({ NodeTypeID($0) }) {
      try read(store.ids(type), using: &generator)
    }
    if samples { try SamplingCheck.sample(store, using: &generator) }
  }

  private func read(
    _ edges: EdgeStore, _ scratch: inout PageScratch, using generator: inout SplitMix64
  ) throws {
    var ids = [UInt64](repeating: 0, count: edges.pageEdges)
    for page in 0..<min(edges.pageCount, 100) {
      var span = ids.mutableSpan
      let count = try edges.decodePage(page, into: &span, scratch: &scratch)
      for index in 0..<count where ids[index] > edges.maximumSource {
        throw Fault(description: "source \(ids[index]) beyond \(edges.maximumSource)")
      }
    }
    if edges.idBytes <= 4, edges.pageCount > 0 {
      var narrow = [UInt32](repeating: 0, count: edges.pageEdges)
      var span = narrow.mutableSpan
      try edges.decodePage(
        .random(in: 0..<edges.pageCount, using: &generator), into: &span, scratch: &scratch)
    }
    guard edges.destinationCount > 0 else { return }
    var sources: [NodeID] = []
    for _ in 0..<20 {
      let local = Int.random(in: 0..<edges.destinationCount, using: &generator)
      let range = try edges.edgeRange(of: LocalNodeID(UInt64(local)))
      guard range.upperBound <= edges.edgeCount else {
        throw Fault(description: "edges \(range) of \(edges.edgeCount)")
      }
      try edges.copySources(of: range.prefix(5000), into: &sources, scratch: &scratch)
    }
    let lower = Int.random(in: 0...edges.destinationCount, using: &generator)
    let upper = min(edges.destinationCount + 1, lower + 3000)
    var starts = [UInt64](repeating: 0, count: upper - lower)
    var span = starts.mutableSpan
    try edges.decodeOffsets(lower..<upper, into: &span, adding: 7)
    for index in starts.indices.dropLast() where starts[index] > starts[index + 1] {
      throw Fault(description: "list starts descend at \(lower + index)")
    }
  }

  private func read(
    _ edges: ReverseStore, _ scratch: inout PageScratch, using generator: inout SplitMix64
  ) throws {
    try read(edges.lists, &scratch, using: &generator)
    guard edges.edgeCount > 0 else { return }
    let lower = Int.random(in: 0..<edges.edgeCount, using: &generator)
    let places = lower..<min(edges.edgeCount, lower + 5000)
    var ids = [UInt64](repeating: 0, count: places.count)
    var span = ids.mutableSpan
    try edges.ids.decode(places, into: &span)
    for (place, id) in zip(places, ids) {
      guard id < edges.ids.header.edgeCount else {
        throw Fault(description: "edge \(id) of \(edges.ids.header.edgeCount) at \(place)")
      }
    }
    guard try edges.ids.id(at: lower) == ids[0] else {
      throw Fault(description: "edge \(lower) read alone is another one")
    }
    for _ in 0..<10 where edges.lists.destinationCount > 0 {
      let source = Int.random(in: 0..<edges.lists.destinationCount, using: &generator)
      guard try edges.lists.edgeRange(of: LocalNodeID(UInt64(source))).count < 5000 else {
        continue
      }
      var (destinations, found): ([NodeID], [EdgeID]) = ([], [])
      try edges.copyOutEdges(
        of: LocalNodeID(UInt64(source)), destinations: &destinations, edges: &found,
        scratch: &scratch)
      guard destinations.count == found.count else {
        throw Fault(description: "\(destinations.count) out-edges, \(found.count) ids")
      }
    }
  }

  private func read(_ column: Column?, using generator: inout SplitMix64) throws {
    guard let column, column.rows > 0 else { return }
    var rows: [UInt64] = []
    for _ in 0..<10 { rows.append(.random(in: 0..<UInt64(column.rows), using: &generator)) }
    guard column.width <= 1 << 16 else { return }
    var values = [Float](repeating: 0, count: rows.count * column.width)
    var span = values.mutableSpan
    try column.copyRows(rows.span, into: &span)
    if column.width == 1 { _ = try column.value(at: Int(rows[0])) }
    if column.width == 1, !column.element.isFloatingPoint {
      _ = try column.integer(at: Int(rows[1]))
    }
    _ = try column.withRawRows(0..<min(column.rows, 100)) { $0.byteCount }
  }

  private func read(_ ids: IDMap, using generator: inout SplitMix64) throws {
    for _ in 0..<10 {
      _ = try ids.global(of: .integer(generator.next()))
      _ = try ids.global(of: .integer(UInt64.random(in: 0...200, using: &generator)))
      _ = try ids.global(of: .string("node-\(UInt8.random(in: 0...255, using: &generator))"))
      guard ids.count > 0 else { continue }
      let node = NodeID(UInt64(Int.random(in: 0..<ids.count, using: &generator)))
      let raw = try ids.raw(of: node)
      _ = try ids.global(of: raw)
    }
    if Bool.random(using: &generator) { try ids.verify() }
  }
}
