package import MerestoneStorage

/// Writes a ``NeighborFile``: nodes ascending, any number at a time.
///
/// The file gets its name in ``finish()``; a writer that goes out of scope before leaves nothing.
/// Blocks do not depend on how the nodes were handed over.
package struct NeighborFileWriter: ~Copyable {
  private var file: OutputFile
  private let nodeCount: Int
  private var written = 0
  private var entryCount = 0
  private var directory: [UInt8] = []
  private var blockCount = 0
  private var lengths: [UInt32] = []
  private var neighbors: [UInt32] = []

  /// - Parameter nodeCount: The nodes of the graph, every one of which is to be appended.
  package init(path: String, nodeCount: Int) throws(StorageError) {
    file = try OutputFile(path: path)
    self.nodeCount = nodeCount
  }

  /// Appends the next `lengths.count` nodes.
  ///
  /// - Parameters:
  ///   - lengths: The length of each node's list.
  ///   - neighbors: The lists one after the other.
  /// - Precondition: The lengths add up, no more nodes come than were announced, and every
  ///   neighbour is one of them.
  package mutating func append(
    lengths added: Span<UInt32>, neighbors entries: Span<UInt32>
  ) throws(StorageError) {
    precondition(added.count <= nodeCount - written, "more lists than nodes")
    var highest: UInt32 = 0
    for index in entries.indices { highest = max(highest, entries[index]) }
    precondition(entries.isEmpty || Int(highest) < nodeCount, "neighbour \(highest)")
    var next = 0
    for index in added.indices {
      let length = Int(added[index])
      precondition(length <= entries.count - next, "lists longer than their entries")
      if lengths.count == NeighborBlocks.nodeLimit
        || (!lengths.isEmpty && neighbors.count + length > NeighborBlocks.entryLimit)
      {
        try flush()
      }
      lengths.append(added[index])
      for position in next..<next &+ length { neighbors.append(entries[position]) }
      next &+= length
    }
    precondition(next == entries.count, "entries beyond the last list")
    written += added.count
  }

  /// Completes the file and opens it.
  /// - Precondition: Every node was appended.
  package consuming func finish() throws(StorageError) -> NeighborFile {
    precondition(written == nodeCount, "\(written) of \(nodeCount) lists")
    if !lengths.isEmpty { try flush() }
    let path = file.path
    var trailer: [UInt8] = []
    NeighborFileFormat.append(NeighborFileFormat.magic, to: &trailer)
    NeighborFileFormat.append(UInt64(nodeCount), to: &trailer)
    NeighborFileFormat.append(UInt64(entryCount), to: &trailer)
    NeighborFileFormat.append(UInt64(blockCount), to: &trailer)
    NeighborFileFormat.append(NeighborFileFormat.checksum(directory), to: &trailer)
    NeighborFileFormat.append(NeighborFileFormat.checksum(trailer), to: &trailer)
    try file.append(directory)
    try file.append(trailer)
    try file.finish(.deferred)
    return try NeighborFile(path: path)
  }

  private mutating func flush() throws(StorageError) {
    var checksum = Checksum()
    for values in [lengths, neighbors] {
      // SAFETY: 32-bit integers have no padding.
      unsafe checksum.update(values.span.bytes)
      try unsafe file.append(values.span.bytes)
    }
    NeighborFileFormat.append(UInt64(lengths.count), to: &directory)
    NeighborFileFormat.append(UInt64(neighbors.count), to: &directory)
    NeighborFileFormat.append(checksum.value, to: &directory)
    NeighborFileFormat.append(UInt32(0), to: &directory)
    entryCount += neighbors.count
    blockCount += 1
    lengths.removeAll(keepingCapacity: true)
    neighbors.removeAll(keepingCapacity: true)
  }
}
