package import MerestoneCore

extension EdgeStore {
  /// Decodes one page into 64-bit source ids.
  ///
  /// - Parameters:
  ///   - page: In `0..<pageCount`.
  ///   - ids: Receives the global source ids of ``edges(ofPage:)``, in order; at least as many
  ///     elements as that (``pageEdges`` always suffices).
  ///   - scratch: The calling thread's buffers.
  /// - Returns: How many ids were written.
  /// - Throws: ``StorageError`` naming the file and the bytes, where the page is damaged.
  /// - Complexity: one page is read; allocates nothing.
  @discardableResult
  package func decodePage(
    _ page: Int, into ids: inout MutableSpan<UInt64>, scratch: inout PageScratch
  ) throws(StorageError) -> Int {
    let count = edges(ofPage: page).count
    precondition(count <= ids.count, "\(ids.count) elements for a page of \(count) ids")
    if header.pageFormat == .packed {
      try withPacked(page) { payload, prefix, isFirst in
        PackedPage.decode(payload, prefix, count: count, into: &ids)
        return isFirst ? PageCodec.maximum(ids, count: count) : 0
      }
    } else {
      try withPlanes(of: page, scratch: &scratch) { planes, isFirst in
        PageCodec.join(planes, count: count, idBytes: idBytes, into: &ids)
        return isFirst ? PageCodec.maximum(ids, count: count) : 0
      }
    }
    return count
  }

  /// Decodes one page into 32-bit source ids.
  ///
  /// As the 64-bit method, for a store whose ids fit.
  /// - Precondition: `idBytes <= 4`.
  @discardableResult
  package func decodePage(
    _ page: Int, into ids: inout MutableSpan<UInt32>, scratch: inout PageScratch
  ) throws(StorageError) -> Int {
    let count = edges(ofPage: page).count
    precondition(count <= ids.count, "\(ids.count) elements for a page of \(count) ids")
    precondition(idBytes <= 4, "ids of \(idBytes) bytes do not fit 32 bits")
    if header.pageFormat == .packed {
      try withPacked(page) { payload, prefix, isFirst in
        PackedPage.decode(payload, prefix, count: count, into: &ids)
        return isFirst ? PageCodec.maximum(ids, count: count) : 0
      }
    } else {
      try withPlanes(of: page, scratch: &scratch) { planes, isFirst in
        PageCodec.join(planes, count: count, idBytes: idBytes, into: &ids)
        return isFirst ? PageCodec.maximum(ids, count: count) : 0
      }
    }
    return count
  }

  /// Appends the source ids at `positions` to `sources`, decoding the pages that hold them.
  ///
  /// - Precondition: `positions` is inside `0..<edgeCount`.
  /// - Complexity: one page read for each page touched, unless it is the page that `scratch`
  ///   remembers.
  package func copySources(
    of positions: Range<Int>, into sources: inout [NodeID], scratch: inout PageScratch
  ) throws(StorageError) {
    precondition(
      positions.lowerBound >= 0 && positions.upperBound <= edgeCount,
      "edges \(positions) of \(edgeCount)")
    var position = positions.lowerBound
    while position < positions.upperBound {
      let page = position / PageCodec.edges
      try remember(page, &scratch)
      let held = edges(ofPage: page)
      let upper = min(held.upperBound, positions.upperBound)
      for index in position - held.lowerBound..<upper - held.lowerBound {
        sources.append(NodeID(scratch.ids[index]))
      }
      position = upper
    }
  }

  /// Makes `scratch` hold the ids of `page`.
  private func remember(_ page: Int, _ scratch: inout PageScratch) throws(StorageError) {
    if scratch.page == page, scratch.store === self { return }
    var ids: [UInt64] = []
    swap(&ids, &scratch.ids)
    if ids.count < PageCodec.edges { ids = [UInt64](repeating: 0, count: PageCodec.edges) }
    scratch.page = -1
    var span = ids.mutableSpan
    try decodePage(page, into: &span, scratch: &scratch)
    swap(&ids, &scratch.ids)
    scratch.page = page
    scratch.store = self
  }

  /// Lends a page's byte planes, inflated where they are compressed, and accepts the page on its
  /// first touch.
  ///
  /// - Parameter body: Gets the planes and whether this is the first touch; returns the largest id
  ///   then.
  @inline(__always)
  private func withPlanes(
    of page: Int, scratch: inout PageScratch, _ body: (RawSpan, Bool) -> UInt64
  ) throws(StorageError) {
    try file.withBytes { bytes throws(StorageError) in
      let isFirst = !verifiedPages.contains(page)
      let payload = try locatePage(page, bytes, verify: isFirst)
      let maximum: UInt64
      if payload.isPlain {
        maximum = body(bytes.extracting(payload.range), isFirst)
      } else {
        try inflate(payload, of: page, bytes, into: &scratch.planes)
        // SAFETY: every byte of an array of bytes is initialised.
        maximum = unsafe body(scratch.planes.span.bytes, isFirst)
      }
      if isFirst { try accept(page, maximum: maximum, payload) }
    }
  }

  /// Lends a packed page, and accepts it on its first touch.
  ///
  /// - Parameter body: Gets the payload, its prefix and whether this is the first touch; returns the
  ///   largest id then.
  @inline(__always)
  private func withPacked(
    _ page: Int, _ body: (RawSpan, PackedPage.Prefix, Bool) -> UInt64
  ) throws(StorageError) {
    try file.withBytes { bytes throws(StorageError) in
      let isFirst = !verifiedPages.contains(page)
      let payload = try locatePage(page, bytes, verify: isFirst)
      let span = bytes.extracting(payload.range)
      let prefix = try prefix(of: page, span, payload)
      let maximum = body(span, prefix, isFirst)
      if isFirst { try accept(page, maximum: maximum, payload) }
    }
  }

  private func prefix(
    of page: Int, _ span: RawSpan, _ payload: Payload
  ) throws(StorageError) -> PackedPage.Prefix {
    let count = edges(ofPage: page).count
    guard let prefix = PackedPage.Prefix(span, count: count) else {
      throw .corrupt(
        path: path, byteOffset: payload.range.lowerBound, field: "page \(page)",
        expected: "\(count) ids packed in 0...57 or 64 bits each",
        found: "\(payload.range.count) bytes that are not")
    }
    return prefix
  }

  /// Verifies a packed page and lends its values where they lie in the mapping.
  ///
  /// - Parameter body: Gets the address of the values, followed by 8 more bytes, which stay readable
  ///   while this store lives.
  /// - Precondition: ``pageFormat`` is `packed`.
  @unsafe package func withPackedValues<R>(
    ofPage page: Int, _ body: (UnsafeRawPointer, PackedPage.Prefix) -> R
  ) throws(StorageError) -> R {
    if !verifiedPages.contains(page) {
      var scratch = PageScratch(planeBytes: 0)
      var ids = [UInt64](repeating: 0, count: PageCodec.edges)
      var span = ids.mutableSpan
      try decodePage(page, into: &span, scratch: &scratch)
    }
    return try file.withBytes { bytes throws(StorageError) in
      let payload = try locatePage(page, bytes, verify: false)
      let span = bytes.extracting(payload.range)
      let prefix = try prefix(of: page, span, payload)
      return unsafe span.withUnsafeBytes {
        unsafe body($0.baseAddress! + PackedPage.prefixBytes, prefix)
      }
    }
  }

  /// Where a page's payload lies, and whether it is stored plain.
  struct Payload {
    var range: Range<Int>
    var isPlain: Bool
  }

  /// Finds a page's payload, checked to lie among the pages and to have a possible size, and with
  /// `verify` to match its checksum.
  @inline(__always)
  func locatePage(
    _ page: Int, _ bytes: RawSpan, verify: Bool
  ) throws(StorageError) -> Payload {
    let entry = header.pageDirectoryOffset &+ page &* EdgeFileHeader.pageEntryBytes
    let offset = bytes.littleEndian(at: entry, as: UInt64.self)
    let word = bytes.littleEndian(at: entry &+ 8, as: UInt32.self)
    let isPlain = word >> 31 == 1
    let count = Int(word & 0x7FFF_FFFF)
    let ids = edges(ofPage: page).count
    let isPacked = header.pageFormat == .packed
    let planeBytes = isPacked ? PackedPage.maximumBytes(count: ids) : ids &* idBytes
    guard offset >= UInt64(header.pagesOffset), offset <= UInt64(header.nodeBlocksOffset),
      count <= header.nodeBlocksOffset &- Int(offset),
      isPacked
        ? !isPlain && count <= planeBytes : isPlain ? count == planeBytes : count < planeBytes
    else {
      throw .corrupt(
        path: path, byteOffset: entry, field: "directory entry of page \(page)",
        expected: "at most \(planeBytes) bytes inside "
          + "\(header.pagesOffset)..<\(header.nodeBlocksOffset)",
        found: "\(count)\(isPlain ? " plain" : "") bytes at \(offset)")
    }
    let range = Int(offset)..<Int(offset) &+ count
    if verify {
      var checksum = Checksum(Checksum.of(bytes.extracting(range)))
      checksum.update(bytes.extracting(entry..<entry &+ 12))
      let stored = bytes.littleEndian(at: entry &+ 12, as: UInt32.self)
      guard checksum.value == stored else {
        try checkNeighbors(of: page, range, bytes)
        throw .wrongChecksum(
          path: path, byteOffset: range.lowerBound, byteCount: count, expected: stored,
          found: checksum.value)
      }
    }
    return Payload(range: range, isPlain: isPlain)
  }

  /// Throws where a page's directory entry contradicts those beside it: payloads lie back to back,
  /// so the entry, not the page, is what is damaged.
  private func checkNeighbors(
    of page: Int, _ range: Range<Int>, _ bytes: RawSpan
  ) throws(StorageError) {
    func entry(_ page: Int) -> Int {
      header.pageDirectoryOffset + page * EdgeFileHeader.pageEntryBytes
    }
    func offset(_ page: Int) -> UInt64 { bytes.littleEndian(at: entry(page), as: UInt64.self) }
    func count(_ page: Int) -> UInt64 {
      UInt64(bytes.littleEndian(at: entry(page) + 8, as: UInt32.self) & 0x7FFF_FFFF)
    }
    let start =
      page == 0 ? UInt64(header.pagesOffset) : offset(page - 1) &+ count(page - 1)
    let end = page + 1 == pageCount ? UInt64(header.nodeBlocksOffset) : offset(page + 1)
    guard UInt64(range.lowerBound) == start, UInt64(range.upperBound) == end else {
      throw .corrupt(
        path: path, byteOffset: entry(page), field: "directory entry of page \(page)",
        expected: "bytes \(start) to \(end)",
        found: "bytes \(range.lowerBound) to \(range.upperBound)")
    }
  }

  @inline(__always)
  private func inflate(
    _ payload: Payload, of page: Int, _ bytes: RawSpan, into planes: inout [UInt8]
  ) throws(StorageError) {
    var span = planes.mutableSpan
    let planeBytes = edges(ofPage: page).count &* idBytes
    guard
      PageCodec.inflate(bytes.extracting(payload.range), planeBytes: planeBytes, into: &span)
    else {
      throw .corrupt(
        path: path, byteOffset: payload.range.lowerBound, field: "page \(page)",
        expected: "\(planeBytes) bytes compressed with LZ4",
        found: "\(payload.range.count) bytes that are not")
    }
  }

  /// Marks a page as verified, once its largest id has been looked at.
  private func accept(_ page: Int, maximum: UInt64, _ payload: Payload) throws(StorageError) {
    guard maximum <= maximumSource else {
      throw .corrupt(
        path: path, byteOffset: payload.range.lowerBound, field: "source ids of page \(page)",
        expected: "at most \(maximumSource)", found: "\(maximum)")
    }
    try file.checkIntact()
    verifiedPages.insert(page)
  }
}
