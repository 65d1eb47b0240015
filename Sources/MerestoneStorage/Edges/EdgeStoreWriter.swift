import FoundationEssentials
import Glibc
package import MerestoneCore

/// Writes an edge file as its lists arrive, destination by destination.
///
/// The bytes depend on the lists alone: not on how they are cut into calls, nor on the number of
/// threads. Resident: about 4 MiB of pages in work, and the two directories (16 bytes for 4,096
/// edges, 24 for 512 destinations). A value that goes out of scope unfinished removes its files.
///
/// ``EdgeFileHeader`` documents the format.
package struct EdgeStoreWriter: ~Copyable {
  private let path: String
  private let pool: ThreadPool?
  private var header: EdgeFileHeader
  private var file: OutputFile
  private var index: OutputFile

  /// Ids that wait until a batch of pages is full.
  private var ids: [UInt64] = []
  private var planes: [UInt8]
  private var payloads: [UInt8]

  /// In-degrees that wait until an index block is full.
  private var inDegrees: [UInt64] = []
  private var destinations = 0
  private var edges = 0
  /// In-edges of the destinations so far, and of those whose index block is written.
  private var degreeSum = 0
  private var blockEdges = 0

  /// The bytes of the two directories.
  private var nodeDirectory: [UInt8] = []
  private var pageDirectory: [UInt8] = []

  /// What a writer's buffers take at most, but for its directories.
  package static let bufferBytes = 8 << 20

  private static let batchPages = 64
  private static let batchEdges = batchPages * PageCodec.edges

  /// Creates the file.
  ///
  /// - Parameters:
  ///   - destinationCount: Destinations that will follow, those without in-edges included; 0 for a
  ///     file of pages alone, whose lists are those of the file beside it.
  ///   - edgeCount: Edges that will follow.
  ///   - maximumSource: No source id is larger: the number of source nodes minus 1. It fixes how
  ///     many bytes an id takes.
  ///   - pageFormat: How pages hold ids.
  ///   - pool: Compresses pages in parallel.
  package init(
    path: String, destinationCount: Int, edgeCount: Int, maximumSource: UInt64,
    pageFormat: PageFormat = .lz4, pool: ThreadPool? = nil
  ) throws(StorageError) {
    precondition(destinationCount >= 0 && edgeCount >= 0, "a negative count")
    self.path = path
    self.pool = pool
    header = EdgeFileHeader(
      destinationCount: destinationCount, edgeCount: edgeCount, maximumSource: maximumSource,
      pageFormat: pageFormat)
    planes = Self.buffer(header, ofPlanes: true)
    payloads = Self.buffer(header, ofPlanes: false)
    ids.reserveCapacity(min(Self.batchEdges, edgeCount))
    inDegrees.reserveCapacity(NodeIndexBlock.nodes)
    // Header and directories are written last; their place is kept.
    var file = try OutputFile(path: path)
    var gap = header.pagesOffset
    while gap > 0 {
      let zeros = [UInt8](repeating: 0, count: min(gap, 1 << 16))
      try file.append(zeros)
      gap -= zeros.count
    }
    index = try OutputFile(path: path + ".index")
    self.file = file
  }

  /// Bytes of the longest page.
  private static func pageBytes(_ header: EdgeFileHeader) -> Int {
    let count = min(PageCodec.edges, max(header.edgeCount, 1))
    return switch header.pageFormat {
    case .lz4: count * header.idBytes
    case .packed: PackedPage.maximumBytes(count: count)
    }
  }

  /// Room for a batch of pages.
  private static func buffer(_ header: EdgeFileHeader, ofPlanes: Bool) -> [UInt8] {
    if ofPlanes, header.pageFormat == .packed { return [] }
    return [UInt8](
      repeating: 0, count: max(1, min(batchPages, header.pageCount)) * pageBytes(header))
  }

  /// What a writer needs to go on where another left off.
  package struct State: Codable, Sendable, Equatable {
    var fileBytes: Int
    var indexBytes: Int
    var maximumInDegree: Int
    var destinations: Int
    var edges: Int
    var degreeSum: Int
    var blockEdges: Int
    /// Ids and in-degrees that wait, 8 bytes each.
    var ids: Data
    var inDegrees: Data
    var nodeDirectory: Data
    var pageDirectory: Data
  }

  /// Brings everything so far to the disk and says how to go on from here.
  package mutating func checkpoint() throws(StorageError) -> State {
    try file.checkpoint()
    try index.checkpoint()
    return State(
      fileBytes: file.count, indexBytes: index.count, maximumInDegree: header.maximumInDegree,
      destinations: destinations, edges: edges, degreeSum: degreeSum, blockEdges: blockEdges,
      ids: Self.data(ids), inDegrees: Self.data(inDegrees), nodeDirectory: Data(nodeDirectory),
      pageDirectory: Data(pageDirectory))
  }

  /// Goes on from a ``checkpoint()``; the other arguments are those of the first writer.
  package init(
    path: String, destinationCount: Int, edgeCount: Int, maximumSource: UInt64,
    pageFormat: PageFormat = .lz4, pool: ThreadPool? = nil, resuming state: State
  ) throws(StorageError) {
    let file = try OutputFile(path: path, resumingAt: state.fileBytes)
    index = try OutputFile(path: path + ".index", resumingAt: state.indexBytes)
    self.file = file
    self.path = path
    self.pool = pool
    header = EdgeFileHeader(
      destinationCount: destinationCount, edgeCount: edgeCount, maximumSource: maximumSource,
      pageFormat: pageFormat)
    header.maximumInDegree = state.maximumInDegree
    planes = Self.buffer(header, ofPlanes: true)
    payloads = Self.buffer(header, ofPlanes: false)
    ids = Self.words(state.ids)
    inDegrees = Self.words(state.inDegrees)
    (destinations, edges) = (state.destinations, state.edges)
    (degreeSum, blockEdges) = (state.degreeSum, state.blockEdges)
    nodeDirectory = [UInt8](state.nodeDirectory)
    pageDirectory = [UInt8](state.pageDirectory)
  }

  private static func data(_ words: [UInt64]) -> Data {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 * words.count)
    for word in words { bytes.appendLittleEndian(word) }
    return Data(bytes)
  }

  private static func words(_ data: Data) -> [UInt64] {
    let bytes = [UInt8](data)
    // SAFETY: every byte of an array of bytes is initialised.
    let span = unsafe bytes.span.bytes
    return stride(from: 0, to: bytes.count / 8 * 8, by: 8).map {
      span.littleEndian(at: $0, as: UInt64.self)
    }
  }

  /// Adds the lists of the next destinations.
  ///
  /// - Parameters:
  ///   - degrees: In-degrees of consecutive destinations, shape `[d]`.
  ///   - sources: Their lists, one after the other, each ascending, shape `[sum of degrees]`.
  /// - Throws: ``StorageError/invalid(path:what:expected:found:mend:)`` where the degrees don't sum
  ///   to the sources, or a source is larger than the maximum; an I/O error.
  package mutating func append(
    inDegrees degrees: Span<UInt64>, sources: Span<UInt64>
  ) throws(StorageError) {
    let before = degreeSum
    try append(inDegrees: degrees)
    guard degreeSum - before == sources.count else {
      throw inconsistent("sum of in-degrees", "\(sources.count)", "\(degreeSum - before)")
    }
    try append(sources: sources)
  }

  /// Adds the next edges, however they are cut into lists; ``append(inDegrees:)`` says that.
  package mutating func append(sources: Span<UInt64>) throws(StorageError) {
    let maximum = PageCodec.maximum(sources)
    guard maximum <= header.maximumSource else {
      throw inconsistent(
        "source ids", "at most \(header.maximumSource)", "\(maximum)")
    }
    guard sources.count <= header.edgeCount - edges else {
      throw inconsistent(
        "number of edges", "\(header.edgeCount)", "at least \(edges + sources.count)")
    }
    edges += sources.count
    var start = 0
    while start < sources.count {
      let count = min(Self.batchEdges - ids.count, sources.count - start)
      // SAFETY: the elements are copied while the span is lent.
      unsafe sources.extracting(start..<start + count).withUnsafeBufferPointer {
        unsafe ids.append(contentsOf: $0)
      }
      start += count
      if ids.count == Self.batchEdges { try flushPages() }
    }
  }

  /// Completes the file.
  ///
  /// - Throws: ``StorageError/invalid(path:what:expected:found:mend:)`` where fewer destinations or
  ///   edges came than announced; an I/O error.
  /// - Returns: The file's path as given, its size, and the checksum of its header.
  ///
  /// - Parameter keepsIndex: Whether the file beside it that held the node index stays until
  ///   ``removeIndex(of:)``, so that a ``State`` of before can still be resumed.
  package consuming func finish(
    _ durability: OutputFile.Durability = .synced, keepsIndex: Bool = false
  ) throws(StorageError) -> FileEntry {
    try checkComplete()
    try flushPages()
    try flushBlock()
    var header = header
    header.nodeBlocksOffset = file.count
    let directory = nodeDirectory
    let pages = pageDirectory
    var file = file
    try index.finish(.deferred)
    let indexPath = file.path + ".index"
    let ownPath = path
    defer { if !keepsIndex { Self.removeIndex(of: ownPath) } }
    let completed = try Self.appendBlocks(directory, of: indexPath, to: &file)
    header.fileBytes = file.count
    // SAFETY: every byte of an array of bytes is initialised.
    try unsafe file.overwrite(completed.span.bytes, at: header.nodeDirectoryOffset)
    try unsafe file.overwrite(pages.span.bytes, at: header.pageDirectoryOffset)
    let encoded = header.encoded()
    try unsafe file.overwrite(encoded.span.bytes, at: 0)
    let entry = FileEntry(path: file.path, bytes: header.fileBytes, checksum: header.checksum)
    try file.finish(durability)
    return entry
  }

  /// Removes what ``finish(_:keepsIndex:)`` kept of the edge file at `path`.
  package static func removeIndex(of path: String) { unsafe unlink(path + ".index") }

  private func checkComplete() throws(StorageError) {
    guard destinations == header.destinationCount, edges == header.edgeCount else {
      throw inconsistent(
        "destinations and edges", "\(header.destinationCount) and \(header.edgeCount)",
        "\(destinations) and \(edges)")
    }
    // A file without destinations holds pages alone.
    guard degreeSum == edges || header.destinationCount == 0 else {
      throw inconsistent("sum of in-degrees", "\(edges)", "\(degreeSum)")
    }
  }

  /// Adds in-degrees of the next destinations, before, with or after their edges.
  package mutating func append(inDegrees degrees: Span<UInt64>) throws(StorageError) {
    guard degrees.count <= header.destinationCount - destinations else {
      throw inconsistent(
        "number of destinations", "\(header.destinationCount)",
        "at least \(destinations + degrees.count)")
    }
    destinations += degrees.count
    for position in degrees.indices {
      let degree = degrees[position]
      guard degree <= UInt64(header.edgeCount - degreeSum) else {
        throw inconsistent("sum of in-degrees", "\(header.edgeCount)", "more")
      }
      degreeSum += Int(degree)
      header.maximumInDegree = max(header.maximumInDegree, Int(degree))
      inDegrees.append(degree)
      if inDegrees.count == NodeIndexBlock.nodes { try flushBlock() }
    }
  }

  /// Writes the index block that is waiting, and its directory entry but for offset and checksum.
  private mutating func flushBlock() throws(StorageError) {
    guard !inDegrees.isEmpty else { return }
    var block: [UInt8] = []
    NodeIndexBlock.encode(inDegrees.span, into: &block)
    nodeDirectory.appendLittleEndian(UInt64(blockEdges))
    nodeDirectory.appendLittleEndian(UInt64(index.count))
    nodeDirectory.appendLittleEndian(UInt32(block.count))
    // Of the block alone until its place is known.
    nodeDirectory.appendLittleEndian(block.checksumOfLast(block.count))
    try index.append(block)
    for degree in inDegrees { blockEdges += Int(degree) }
    inDegrees.removeAll(keepingCapacity: true)
  }

  /// Copies the index blocks behind the pages.
  ///
  /// - Returns: The node directory with the offsets and checksums that are known only now.
  private static func appendBlocks(
    _ directory: [UInt8], of indexPath: String, to file: inout OutputFile
  ) throws(StorageError) -> [UInt8] {
    guard !directory.isEmpty else { return [] }
    let blocks = try ScratchFile(path: indexPath, resuming: true)
    var completed: [UInt8] = []
    completed.reserveCapacity(directory.count)
    var block: [UInt8] = []
    var offset = 0
    // SAFETY: every byte of an array of bytes is initialised.
    let entries = unsafe directory.span.bytes
    for entry in stride(from: 0, to: entries.byteCount, by: EdgeFileHeader.nodeEntryBytes) {
      let count = Int(entries.littleEndian(at: entry + 16, as: UInt32.self))
      if block.count < count { block = [UInt8](repeating: 0, count: count) }
      try unsafe block.withUnsafeMutableBufferPointer { buffer throws(StorageError) in
        // SAFETY: the block has room for `count` bytes.
        try unsafe blocks.read(
          into: UnsafeMutableRawBufferPointer(buffer.extracting(0..<count)), at: offset)
      }
      completed.appendLittleEndian(entries.littleEndian(at: entry, as: UInt64.self))
      completed.appendLittleEndian(UInt64(file.count))
      completed.appendLittleEndian(UInt32(count))
      // SAFETY: as above.
      let payload = unsafe block.span.bytes.extracting(0..<count)
      let expected = entries.littleEndian(at: entry + 20, as: UInt32.self)
      let found = Checksum.of(payload)
      guard found == expected else {
        throw .wrongChecksum(
          path: indexPath, byteOffset: offset, byteCount: count, expected: expected, found: found)
      }
      completed.appendLittleEndian(completed.checksumOfLast(20, continuing: found))
      try file.append(payload)
      offset += count
    }
    return completed
  }

  /// Compresses and writes the pages that are waiting.
  private mutating func flushPages() throws(StorageError) {
    guard !ids.isEmpty else { return }
    let pageBytes = Self.pageBytes(header)
    let count = ids.count
    let pages = (count + PageCodec.edges - 1) / PageCodec.edges
    // A size below zero says that the page stays plain.
    var sizes = [Int](repeating: 0, count: pages)
    switch header.pageFormat {
    case .lz4: compress(pages: pages, into: &sizes)
    case .packed: pack(pages: pages, into: &sizes)
    }
    for page in 0..<pages {
      let lower = page * pageBytes
      let isPlain = sizes[page] < 0
      let size = abs(sizes[page])
      // SAFETY: every byte of an array of bytes is initialised.
      let payload = unsafe (isPlain ? planes : payloads).span.bytes.extracting(
        lower..<lower + size)
      pageDirectory.appendLittleEndian(UInt64(file.count))
      pageDirectory.appendLittleEndian(UInt32(size) | (isPlain ? 1 << 31 : 0))
      pageDirectory.appendLittleEndian(
        pageDirectory.checksumOfLast(12, continuing: Checksum.of(payload)))
      try file.append(payload)
    }
    ids.removeAll(keepingCapacity: true)
  }

  private mutating func compress(pages: Int, into sizes: inout [Int]) {
    let idBytes = header.idBytes
    let pageBytes = Self.pageBytes(header)
    let ids = self.ids
    let pool = self.pool
    planes.withSharedBuffer { planes in
      payloads.withSharedBuffer { payloads in
        sizes.withSharedBuffer { sizes in
          let encode = { (page: Int) in
            let lower = page * PageCodec.edges
            let count = min(PageCodec.edges, ids.count - lower)
            let part = page * pageBytes..<page * pageBytes + count * idBytes
            let size = planes.withPart(part) { planes in
              payloads.withPart(part) { payloads in
                PageCodec.encode(
                  ids.span.extracting(lower..<lower + count), idBytes: idBytes, planes: &planes,
                  payload: &payloads)
              }
            }
            sizes.withPart(page..<page + 1) { $0[0] = size ?? -count * idBytes }
          }
          if let pool { pool.forEach(pages, encode) } else { (0..<pages).forEach(encode) }
        }
      }
    }
  }

  private mutating func pack(pages: Int, into sizes: inout [Int]) {
    let pageBytes = Self.pageBytes(header)
    let ids = self.ids
    let pool = self.pool
    payloads.withSharedBuffer { payloads in
      sizes.withSharedBuffer { sizes in
        let encode = { (page: Int) in
          let lower = page * PageCodec.edges
          let count = min(PageCodec.edges, ids.count - lower)
          let size = payloads.withPart(page * pageBytes..<(page + 1) * pageBytes) { payload in
            PackedPage.encode(ids.span.extracting(lower..<lower + count), payload: &payload)
          }
          sizes.withPart(page..<page + 1) { $0[0] = size }
        }
        if let pool { pool.forEach(pages, encode) } else { (0..<pages).forEach(encode) }
      }
    }
  }

  private func inconsistent(_ what: String, _ expected: String, _ found: String) -> StorageError {
    .invalid(
      path: path, what: what, expected: expected, found: found,
      mend: "this is a fault of the program that writes the file; please report it")
  }
}
