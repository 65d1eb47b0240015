internal import CMerestoneKernels
package import MerestoneCore

/// A node column of numbers over all shards, for gathering rows of nodes wherever they lie.
///
/// Rows are read where they lie in the mapped files, or copied from the files where those are too
/// large to stay mapped whole; every MiB is compared with its checksum when it is first touched in the
/// process. Any thread may read.
///
/// `@unchecked Sendable`: immutable; the addresses are those of `columns`, which live as long.
@safe package final class NodeRows: @unchecked Sendable {
  /// The column's name.
  package let name: String

  /// Values per row.
  package let width: Int

  /// The size of one row in the files.
  package let rowBytes: Int

  /// Whether all rows are read where the files are mapped; see ``Column/mappedRows``.
  package let staysMapped: Bool

  private let graphPath: String
  let element: ElementType
  // By shard; `nil` where it has no such nodes.
  let columns: [Column?]
  let parts: [UnsafeRawPointer?]
  // The first node of each shard, and the number of nodes.
  let bounds: [UInt64]

  /// - Throws: ``StorageError/invalid(path:what:expected:found:mend:)`` for a name that the type
  ///   does not have; what opening a column throws.
  package init(
    _ name: String, of type: NodeTypeID, in store: GraphStore
  ) throws(StorageError) {
    let entry = try store.columnEntry(name, of: type)
    var columns: [Column?] = []
    var parts: [UnsafeRawPointer?] = unsafe []
    var bounds: [UInt64] = [0]
    for shard in 0..<store.book.shardCount {
      let column = try store.nodeColumn(name, type: type, shard: ShardID(shard))
      columns.append(column)
      if let column {
        unsafe parts.append(try column.address(of: 0..<0))
      } else {
        unsafe parts.append(nil)
      }
      bounds.append(store.book.nodes(of: type, in: ShardID(shard)).upperBound)
    }
    self.name = name
    width = entry.width
    element = entry.element
    rowBytes = entry.width * entry.element.byteCount
    graphPath = store.path
    staysMapped = columns.allSatisfy { $0?.staysMapped ?? true }
    self.columns = columns
    unsafe self.parts = parts
    self.bounds = bounds
  }

  // From this size on, rows are written past the caches: whoever reads them finds little of them
  // there, and not reading what they overwrite saves a sixth of the time (400-byte rows, two cores
  // that share 32 MiB).
  private static let pastCachesByteCount = 16 << 20

  /// How many nodes there are.
  package var nodeCount: Int { Int(bounds[bounds.count - 1]) }

  /// The size of all rows.
  package var byteCount: Int { nodeCount * rowBytes }

  /// Gathers rows of nodes of any shards and converts their values to `Float`.
  ///
  /// - Parameters:
  ///   - nodes: Global ids, in any order, repetitions allowed. Shape `[n]`.
  ///   - output: Receives row `nodes[i]` as its row `i`. Shape `[n, width]`.
  ///   - between: Called between pieces of the work; its error ends it.
  /// - Throws: ``StorageError/outOfRange(path:what:index:count:)`` for a node that does not exist;
  ///   what reading a column throws.
  /// - Precondition: `output.count == n * width`.
  /// - Complexity: O(*n* · (*width* + log shards)); allocates nothing where the files stay mapped whole,
  ///   and 16 bytes a row and 512 KiB where they do not.
  package func copyRows(
    of nodes: Span<NodeID>, into output: inout MutableSpan<Float>,
    between: () throws(StorageError) -> Void = {}
  ) throws(StorageError) {
    let (size, overflow) = nodes.count.multipliedReportingOverflow(by: width)
    precondition(
      !overflow && output.count == size,
      "\(nodes.count) rows of \(width) values into \(output.count) floats")
    try prepare(nodes, between: between)
    guard !nodes.isEmpty, width > 0 else { return }
    guard staysMapped else { return try copyPartlyMapped(of: nodes, into: &output, between) }
    let pastCaches = size * MemoryLayout<Float>.size >= Self.pastCachesByteCount
    for first in stride(from: 0, to: nodes.count, by: Self.portion) {
      try between()
      let count = min(Self.portion, nodes.count - first)
      // SAFETY: a node's id is one word; every node has a row, and the output a row for each, as was
      // checked.
      unsafe nodes.withUnsafeBufferPointer { nodes in
        unsafe output.withUnsafeMutableBufferPointer { to in
          unsafe gatherMapped(
            UnsafeRawPointer(nodes.baseAddress! + first).assumingMemoryBound(to: UInt64.self),
            nil, count, pastCaches: pastCaches, to.baseAddress! + first * width)
        }
      }
    }
    for column in columns { try column?.checkIntact() }
  }

  /// Gathers rows where the files are mapped; row `nodes[i]` becomes row `places[i]`, or row `i`.
  @unsafe func gatherMapped(
    _ nodes: UnsafePointer<UInt64>, _ places: UnsafePointer<UInt32>?, _ count: Int,
    pastCaches: Bool, _ output: UnsafeMutablePointer<Float>
  ) {
    // SAFETY: every node has a row in the part of its shard, which is mapped while `self` lives.
    unsafe parts.withUnsafeBufferPointer { parts in
      unsafe bounds.withUnsafeBufferPointer { bounds in
        var table = unsafe mrs_row_table(
          bounds: bounds.baseAddress!, parts: parts.baseAddress!, shards: parts.count,
          element: element.kernelElement, width: width)
        unsafe mrs_gather_rows(&table, nodes, places, count, pastCaches, output)
      }
    }
  }

  // Rows between two looks at whether anybody waits for the rest.
  static let portion = 16_384

  /// Starts to read what a gathering of these nodes will touch and is not in memory: rows that were
  /// never touched with the MiB that have their checksums, others page by page, each page once and
  /// in the order of the file.
  ///
  /// A page fault reads one page, or some megabytes around it, and waits; a whole mini-batch's pages
  /// are many requests at a time, and no more pages than are wanted. Whether it is worth while is told
  /// by a sample of the rows: where all of them are in memory, this costs some 0.1 ms.
  ///
  /// - Parameter between: Called between pieces of the work; its error ends it.
  /// - Throws: ``StorageError/outOfRange(path:what:index:count:)`` for a node that does not exist;
  ///   an error of a checksum.
  package func readAhead(
    of nodes: Span<NodeID>, between: () throws(StorageError) -> Void = {}
  ) throws(StorageError) {
    try prepare(nodes, between: between)
    guard rowBytes > 0, !nodes.isEmpty, isMissing(someOf: nodes) else { return }
    var sorted: [UInt64] = []
    sorted.reserveCapacity(nodes.count)
    for index in nodes.indices { sorted.append(nodes[index].rawValue) }
    sorted.sort()
    var first = 0
    for shard in columns.indices {
      var end = first
      while end < sorted.count, sorted[end] < bounds[shard + 1] { end += 1 }
      let lower = bounds[shard]
      try columns[shard]?.readAhead(
        rows: sorted[first..<end].lazy.map { Int($0 - lower) }, between: between)
      first = end
    }
  }

  /// Whether one of a sample of the nodes' rows is not in memory.
  private func isMissing(someOf nodes: Span<NodeID>) -> Bool {
    let step = max(1, nodes.count / Self.sampleSize)
    for index in stride(from: 0, to: nodes.count, by: step) {
      let node = nodes[index].rawValue
      let shard = shard(of: node)
      if let column = columns[shard], !column.isInMemory(row: Int(node - bounds[shard])) {
        return true
      }
    }
    return false
  }

  private static let sampleSize = 256

  /// Checks that the nodes exist and that their rows' blocks are verified.
  private func prepare(
    _ nodes: Span<NodeID>, between: () throws(StorageError) -> Void
  ) throws(StorageError) {
    var largest: UInt64 = 0
    for index in nodes.indices { largest = max(largest, nodes[index].rawValue) }
    guard nodes.isEmpty || largest < bounds[bounds.count - 1] else {
      throw .outOfRange(path: graphPath, what: "node", index: largest, count: nodeCount)
    }
    if rowBytes == 0 || columns.allSatisfy({ $0?.isVerified ?? true }) { return }
    var wanted = columns.map { [Bool](repeating: false, count: $0?.blockCount ?? 0) }
    var shard = 0
    for index in nodes.indices {
      let node = nodes[index].rawValue
      if node < bounds[shard] || node >= bounds[shard + 1] { shard = self.shard(of: node) }
      let lower = Int(node &- bounds[shard]) &* rowBytes
      let last = (lower &+ rowBytes &- 1) / ColumnChecksums.blockBytes
      for block in lower / ColumnChecksums.blockBytes...last { wanted[shard][block] = true }
    }
    for (column, wanted) in zip(columns, wanted) {
      try column?.verify(
        blocks: wanted.indices.filter { wanted[$0] && column?.verified.contains($0) == false },
        between: between)
    }
  }

  /// The shard that owns a node.
  func shard(of node: UInt64) -> Int {
    var lower = 0
    var upper = columns.count
    while upper - lower > 1 {
      let middle = (lower + upper) / 2
      if bounds[middle] <= node { lower = middle } else { upper = middle }
    }
    return lower
  }
}
