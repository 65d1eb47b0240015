internal import CMerestoneKernels
import MerestoneCore

extension NodeRows {
  /// Gathers rows of columns that do not stay mapped whole: those that do first, the others in the
  /// order in which they lie in the files, where rows near each other are copied at once with what
  /// lies between them.
  ///
  /// - Precondition: The nodes exist, and `output` has room for their rows.
  func copyPartlyMapped(
    of nodes: Span<NodeID>, into output: inout MutableSpan<Float>,
    _ between: () throws(StorageError) -> Void
  ) throws(StorageError) {
    let placeBits = Int.bitWidth - (nodes.count - 1).leadingZeroBitCount
    let nodeBits = Int.bitWidth - (nodeCount - 1).leadingZeroBitCount
    precondition(
      placeBits <= 32 && placeBits + nodeBits <= 64, "\(nodes.count) rows at once")
    var keys = try copyMapped(of: nodes, into: &output, placeBits: placeBits, between)
    IntegerSort.sort(&keys)
    var run = ReadRun(rowBytes: rowBytes)
    let placeMask = (1 as UInt64) << UInt64(placeBits) - 1
    var shard = 0..<0 as Range<UInt64>
    // Looked up once for all rows of a shard: threads would wait for each other's counts of owners.
    var column: Column?
    for key in keys {
      let node = key >> UInt64(placeBits)
      if node >= shard.upperBound {
        try flush(&run, column, into: &output, between)
        let number = self.shard(of: node)
        shard = bounds[number]..<bounds[number + 1]
        column = columns[number]
      }
      let row = Int(node &- shard.lowerBound)
      if !run.reaches(row) { try flush(&run, column, into: &output, between) }
      run.add(row, place: UInt32(key & placeMask))
    }
    try flush(&run, column, into: &output, between)
  }

  /// Gathers the rows that stay mapped.
  /// - Returns: The others: a node's id, and its place in the lowest bits.
  private func copyMapped(
    of nodes: Span<NodeID>, into output: inout MutableSpan<Float>, placeBits: Int,
    _ between: () throws(StorageError) -> Void
  ) throws(StorageError) -> [UInt64] {
    var keys: [UInt64] = []
    keys.reserveCapacity(nodes.count)
    var mapped: [UInt64] = []
    var places: [UInt32] = []
    let bounds = bounds
    let ends = zip(bounds, columns).map { $0 + UInt64($1?.mappedRows ?? 0) }
    var shard = 0
    for place in nodes.indices {
      let node = nodes[place].rawValue
      if node < bounds[shard] || node >= bounds[shard + 1] { shard = self.shard(of: node) }
      if node < ends[shard] {
        mapped.append(node)
        places.append(UInt32(place))
      } else {
        keys.append(node << UInt64(placeBits) | UInt64(place))
      }
      if mapped.count == Self.portion || place == nodes.count - 1, !mapped.isEmpty {
        try between()
        // SAFETY: the nodes exist, and so do the places in the output.
        unsafe output.withUnsafeMutableBufferPointer { to in
          unsafe gatherMapped(mapped, places, mapped.count, pastCaches: false, to.baseAddress!)
        }
        mapped.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
      }
    }
    for column in columns { try column?.checkIntact() }
    return keys
  }

  /// Reads the rows of a run, puts the wanted ones in their places, and empties the run.
  private func flush(
    _ run: inout ReadRun, _ column: Column?, into output: inout MutableSpan<Float>,
    _ between: () throws(StorageError) -> Void
  ) throws(StorageError) {
    let rows = run.rows
    guard !rows.isEmpty else { return }
    try between()
    guard let column else { preconditionFailure("a shard with nodes has no rows") }
    var bytes = run.bytes.mutableSpan
    try column.copyBytes(of: rows, into: &bytes)
    // SAFETY: the buffer has the run's rows, numbered from 0, and the output a row for every place.
    unsafe run.bytes.withUnsafeBytes { buffer in
      unsafe withUnsafePointer(to: buffer.baseAddress) { part in
        unsafe Self.anyRow.withUnsafeBufferPointer { bounds in
          unsafe output.withUnsafeMutableBufferPointer { to in
            var table = unsafe mrs_row_table(
              bounds: bounds.baseAddress!, parts: part, shards: 1, element: element.kernelElement,
              width: width)
            unsafe mrs_gather_rows(
              &table, run.wanted, run.places, run.wanted.count, false, to.baseAddress!)
          }
        }
      }
    }
    run.clear()
  }

  // The bounds of a table's only part.
  private static let anyRow: [UInt64] = [0, .max]
}
