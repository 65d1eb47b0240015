package import MerestoneCore

extension EdgeStore {
  /// The positions of a destination's list.
  ///
  /// - Precondition: `local` is below ``destinationCount``.
  /// - Throws: ``StorageError`` naming the file and the bytes, where the index is damaged.
  /// - Returns: A range inside `0..<edgeCount`.
  /// - Complexity: about 100 bytes are read; on the first touch of a block of 512 destinations, all
  ///   of the block. Allocates nothing.
  package func edgeRange(of local: LocalNodeID) throws(StorageError) -> Range<Int> {
    precondition(
      local.rawValue < UInt64(destinationCount),
      "destination \(local) of \(destinationCount)")
    let node = Int(local.rawValue)
    let block = node / NodeIndexBlock.nodes
    return try file.withBytes { bytes throws(StorageError) in
      let entry = try locateBlock(block, bytes)
      if !verifiedBlocks.contains(block) { try verify(block, entry, bytes) }
      guard
        let range = NodeIndexBlock.range(
          of: node &- block &* NodeIndexBlock.nodes, count: entry.count,
          payload: bytes.extracting(entry.range)),
        range.upper <= UInt64(edgeCount &- entry.firstEdge)
      else { throw damaged(block, entry) }
      return entry.firstEdge &+ Int(range.lower)..<entry.firstEdge &+ Int(range.upper)
    }
  }

  /// Decodes where the lists of consecutive destinations start: a piece of `indptr`.
  ///
  /// - Parameters:
  ///   - locals: Inside `0..<destinationCount + 1`; the list "after the last" starts at
  ///     ``edgeCount``.
  ///   - starts: Receives one position for each of `locals`; at least `locals.count` elements.
  ///   - base: Added to each position, such as the shard's lower edge boundary.
  /// - Complexity: O(`locals.count`); allocates nothing. About 1 ns a destination.
  package func decodeOffsets(
    _ locals: Range<Int>, into starts: inout MutableSpan<UInt64>, adding base: UInt64
  ) throws(StorageError) {
    precondition(
      locals.lowerBound >= 0 && locals.upperBound <= destinationCount + 1
        && locals.count <= starts.count, "destinations \(locals) of \(destinationCount)")
    guard !locals.isEmpty else { return }
    try file.withBytes { bytes throws(StorageError) in
      try withBlockEnds { (ends: inout MutableSpan<UInt64>) throws(StorageError) in
        var node = locals.lowerBound
        while node < min(locals.upperBound, destinationCount) {
          let block = node / NodeIndexBlock.nodes
          let entry = try locateBlock(block, bytes)
          if !verifiedBlocks.contains(block) { try verify(block, entry, bytes) }
          guard
            NodeIndexBlock.decode(
              count: entry.count, payload: bytes.extracting(entry.range), into: &ends) != nil
          else { throw damaged(block, entry) }
          let first = base &+ UInt64(entry.firstEdge)
          let lower = block &* NodeIndexBlock.nodes
          let upper = min(lower &+ entry.count, locals.upperBound)
          let place = lower &- locals.lowerBound
          if node == lower { starts[place] = first }
          for index in max(node &- lower, 1)..<max(upper &- lower, 1) {
            starts[place &+ index] = first &+ ends[index &- 1]
          }
          node = upper
        }
        if locals.upperBound > destinationCount {
          starts[locals.count &- 1] = base &+ UInt64(edgeCount)
        }
      }
    }
  }

  /// What the node directory says about a block.
  struct BlockEntry {
    var firstEdge: Int
    var range: Range<Int>
    /// Destinations of the block.
    var count: Int
  }

  private func entryOffset(_ block: Int) -> Int {
    header.nodeDirectoryOffset &+ block &* EdgeFileHeader.nodeEntryBytes
  }

  /// Finds a block's payload, checked to lie in the index part of the file.
  func locateBlock(_ block: Int, _ bytes: RawSpan) throws(StorageError) -> BlockEntry {
    let offset = entryOffset(block)
    let firstEdge = bytes.littleEndian(at: offset, as: UInt64.self)
    let payload = bytes.littleEndian(at: offset &+ 8, as: UInt64.self)
    let count = Int(bytes.littleEndian(at: offset &+ 16, as: UInt32.self))
    guard firstEdge <= UInt64(edgeCount), payload >= UInt64(header.nodeBlocksOffset),
      payload <= UInt64(fileBytes), count <= fileBytes &- Int(payload)
    else {
      throw .corrupt(
        path: path, byteOffset: offset, field: "directory entry of index block \(block)",
        expected: "an edge of \(edgeCount) and bytes inside "
          + "\(header.nodeBlocksOffset)..<\(fileBytes)",
        found: "edge \(firstEdge) and \(count) bytes at \(payload)")
    }
    let first = block &* NodeIndexBlock.nodes
    return BlockEntry(
      firstEdge: Int(firstEdge), range: Int(payload)..<Int(payload) &+ count,
      count: min(NodeIndexBlock.nodes, destinationCount &- first))
  }

  /// Checks a block's checksum, that its lists ascend, and that the next block begins where they
  /// end.
  private func verify(
    _ block: Int, _ entry: BlockEntry, _ bytes: RawSpan
  ) throws(StorageError) {
    let offset = entryOffset(block)
    var checksum = Checksum(Checksum.of(bytes.extracting(entry.range)))
    checksum.update(bytes.extracting(offset..<offset &+ 20))
    let stored = bytes.littleEndian(at: offset &+ 20, as: UInt32.self)
    guard checksum.value == stored else {
      throw .wrongChecksum(
        path: path, byteOffset: entry.range.lowerBound, byteCount: entry.range.count,
        expected: stored, found: checksum.value)
    }
    let edges = try withBlockEnds { (ends: inout MutableSpan<UInt64>) throws(StorageError) in
      NodeIndexBlock.decode(
        count: entry.count, payload: bytes.extracting(entry.range), into: &ends)
    }
    guard let edges else { throw damaged(block, entry) }
    let next =
      block &+ 1 == header.blockCount
      ? UInt64(edgeCount) : bytes.littleEndian(at: entryOffset(block &+ 1), as: UInt64.self)
    let found = UInt64(entry.firstEdge) + edges
    guard found == next else {
      throw .corrupt(
        path: path, byteOffset: offset, field: "end of the lists of index block \(block)",
        expected: "edge \(next)", found: "edge \(found)")
    }
    try file.checkIntact()
    verifiedBlocks.insert(block)
  }

  private func damaged(_ block: Int, _ entry: BlockEntry) -> StorageError {
    .corrupt(
      path: path, byteOffset: entry.range.lowerBound, field: "index block \(block)",
      expected: "ascending starts of \(entry.count) lists", found: "something else")
  }

  /// Lends room for one block's ends, on the stack.
  @inline(__always) private func withBlockEnds<R>(
    _ body: (inout MutableSpan<UInt64>) throws(StorageError) -> R
  ) throws(StorageError) -> R {
    try unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: NodeIndexBlock.nodes) {
      buffer throws(StorageError) in
      unsafe buffer.initialize(repeating: 0)
      // SAFETY: the buffer was initialised above and lives through the call.
      var span = unsafe MutableSpan(_unsafeElements: buffer)
      return try body(&span)
    }
  }
}
