/// One shard's in-edges of one relation, read from a mapped file: who points at each destination.
///
/// The edge at position `p` has the id "the shard's lower edge boundary plus `p`". Opening reads
/// the header only. A page or index block is verified when it is first touched in a process: its
/// checksum, that ids are at most ``maximumSource``, that lists start and end where they may. Later
/// reads of it trust it.
///
/// ``EdgeFileHeader`` documents the format. Any thread may read; each brings its own
/// ``PageScratch``.
package final class EdgeStore: Sendable {
  package let path: String
  package let header: EdgeFileHeader
  let file: MappedFile
  let verifiedPages: FirstTouchSet
  let verifiedBlocks: FirstTouchSet

  package var destinationCount: Int { header.destinationCount }
  package var edgeCount: Int { header.edgeCount }

  /// Bytes of a stored id, 1...8; ``decodePage(_:into:scratch:)-swift.method`` to 32-bit ids needs
  /// at most 4.
  package var idBytes: Int { header.idBytes }
  package var pageEdges: Int { PageCodec.edges }
  package var pageCount: Int { header.pageCount }
  package var pageFormat: PageFormat { header.pageFormat }

  /// No source id of this file is larger.
  package var maximumSource: UInt64 { header.maximumSource }
  package var maximumInDegree: Int { header.maximumInDegree }
  package var fileBytes: Int { header.fileBytes }

  /// Bytes of the pages and their directory: the adjacency without the node index.
  package var pageBytes: Int {
    header.nodeBlocksOffset - header.pagesOffset + pageCount * EdgeFileHeader.pageEntryBytes
  }

  /// Bytes of the node index and its directory.
  package var nodeIndexBytes: Int {
    fileBytes - header.nodeBlocksOffset + header.blockCount * EdgeFileHeader.nodeEntryBytes
  }

  /// Maps an edge file and checks its header and size.
  ///
  /// - Parameter expectedBytes: The size that the manifest says; `nil` asks the header alone.
  /// - Complexity: O(1) I/O; allocates one bit for each page and each 512 destinations.
  package init(path: String, expectedBytes: Int? = nil) throws(StorageError) {
    self.path = path
    file = try MappedFile(path: path, expectedBytes: expectedBytes)
    let fileBytes = file.count
    header = try file.withBytes { bytes throws(StorageError) in
      try EdgeFileHeader(bytes, fileBytes: fileBytes, path: path)
    }
    verifiedPages = FirstTouchSet(count: header.pageCount)
    verifiedBlocks = FirstTouchSet(count: header.blockCount)
  }

  /// The positions that page `page` holds.
  @inline(__always) package func edges(ofPage page: Int) -> Range<Int> {
    let lower = page &* PageCodec.edges
    return lower..<min(lower &+ PageCodec.edges, edgeCount)
  }

  /// Gives the memory of the mapping's part that holds `pages` back; later reads fault it in again.
  package func dropPages(_ pages: ClosedRange<Int>) throws(StorageError) {
    let range = try file.withBytes { bytes throws(StorageError) in
      try locatePage(pages.lowerBound, bytes, verify: false).range
        .lowerBound..<locatePage(
          pages.upperBound, bytes, verify: false
        ).range.upperBound
    }
    // The first memory page may be shared with the payload before, which is then read again.
    file.drop(range.lowerBound & ~4095..<range.upperBound)
  }

  /// Asks for huge pages, for random reads where memory holds the whole file.
  package func preferHugePages() { file.preferHugePages() }

  /// Gives the memory of the mapping back; later reads fault it in again.
  package func drop() { file.drop() }
}
