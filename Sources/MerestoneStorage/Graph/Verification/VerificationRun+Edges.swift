import MerestoneCore

extension VerificationRun {
  /// Checks that directories, pages and blocks follow each other without gaps, so that no byte is
  /// outside a checksum, and that the lists begin at edge 0.
  func checkLayout(_ file: EdgeFile) -> Verification.Finding {
    var finding = Verification.Finding()
    do throws(StorageError) { try file.store.checkLayout() } catch { finding.errors.append(error) }
    return finding
  }

  /// Checks the same of a second stream, which has no lists.
  func checkPackedLayout(_ number: Int) -> Verification.Finding {
    var finding = Verification.Finding(packedFile: number)
    do throws(StorageError) {
      try packedFiles[number].packed.checkLayout(hasLists: false)
    } catch {
      finding.errors.append(error)
    }
    return finding
  }

  /// Compares some pages of a second stream with those of the first.
  func checkPacked(_ number: Int, _ pages: Range<Int>) -> Verification.Finding {
    let (packed, edges) = (packedFiles[number].packed, packedFiles[number].edges)
    var finding = Verification.Finding(packedFile: number)
    var scratch = PageScratch()
    var found = [UInt64](repeating: 0, count: PageCodec.edges)
    var expected = found
    do throws(StorageError) {
      for page in pages {
        var span = found.mutableSpan
        let count = try packed.decodePage(page, into: &span, scratch: &scratch)
        var other = expected.mutableSpan
        _ = try edges.decodePage(page, into: &other, scratch: &scratch)
        guard let place = (0..<count).first(where: { found[$0] != expected[$0] }) else { continue }
        throw .corrupt(
          path: packed.path, byteOffset: try packed.payloadOffset(ofPage: page),
          field: "source of edge \(page * PageCodec.edges + place)",
          expected: "\(expected[place])", found: "\(found[place])")
      }
    } catch {
      finding.errors.append(error)
    }
    packed.drop()
    edges.drop()
    return finding
  }

  /// Reads the lists of some index blocks: their starts, their pages, their order.
  func checkLists(_ number: Int, _ blocks: Range<Int>) -> Verification.Finding {
    let file = edgeFiles[number]
    var finding = Verification.Finding(relation: file.relation, file: number)
    do throws(StorageError) {
      try checkLists(file, blocks, &finding)
    } catch {
      finding.errors.append(error)
    }
    file.store.drop()
    return finding
  }

  private func checkLists(
    _ file: EdgeFile, _ blocks: Range<Int>, _ finding: inout Verification.Finding
  ) throws(StorageError) {
    let store = file.store
    let first = blocks.lowerBound * NodeIndexBlock.nodes
    let upper = min(blocks.upperBound * NodeIndexBlock.nodes, store.destinationCount)
    var starts = [UInt64](repeating: 0, count: upper - first + 1)
    var span = starts.mutableSpan
    try store.decodeOffsets(first..<upper + 1, into: &span, adding: 0)
    for index in 1..<starts.count {
      finding.maximumInDegree = max(
        finding.maximumInDegree, Int(starts[index] &- starts[index &- 1]))
    }
    var scratch = PageScratch()
    var ids = [UInt64](repeating: 0, count: PageCodec.edges)
    var position = Int(starts[0])
    let end = Int(starts[starts.count - 1])
    var destination = 0
    var last: UInt64 = 0
    while position < end {
      let page = position / PageCodec.edges
      var span = ids.mutableSpan
      try store.decodePage(page, into: &span, scratch: &scratch)
      let held = store.edges(ofPage: page)
      let stop = min(held.upperBound, end)
      while position < stop {
        while Int(starts[destination &+ 1]) <= position {
          destination &+= 1
          last = 0
        }
        let listStop = min(stop, Int(starts[destination &+ 1]))
        for index in position &- held.lowerBound..<listStop &- held.lowerBound {
          let source = ids[index]
          if source < last {
            throw .corrupt(
              path: store.path, byteOffset: try store.payloadOffset(ofPage: page),
              field: "sources of node "
                + "\(file.firstDestination + UInt64(first + destination))",
              expected: "\(last) or more", found: "\(source)")
          }
          last = source
          if !file.ownSources.contains(source) { finding.cutEdges &+= 1 }
        }
        position = listStop
      }
    }
  }
}

extension EdgeStore {
  /// Where a page's payload starts in the file.
  func payloadOffset(ofPage page: Int) throws(StorageError) -> Int {
    try file.withBytes { bytes throws(StorageError) in
      try locatePage(page, bytes, verify: false).range.lowerBound
    }
  }

  /// Checks that payloads follow each other without gaps, and that the lists begin at edge 0.
  ///
  /// - Parameter hasLists: False for a file of pages alone.
  func checkLayout(hasLists: Bool = true) throws(StorageError) {
    if hasLists, destinationCount == 0, edgeCount > 0 {
      throw .corrupt(
        path: path, byteOffset: 24, field: "destinations of \(edgeCount) edges",
        expected: "1 or more", found: "0")
    }
    try file.withBytes { bytes throws(StorageError) in
      var end = header.pagesOffset
      for page in 0..<pageCount {
        let range = try locatePage(page, bytes, verify: false).range
        try check(range, follows: end, "page \(page)")
        end = range.upperBound
      }
      try check(header.nodeBlocksOffset..<fileBytes, follows: end, "node index")
      end = header.nodeBlocksOffset
      for block in 0..<header.blockCount {
        let entry = try locateBlock(block, bytes)
        if block == 0, entry.firstEdge != 0 {
          throw .corrupt(
            path: path, byteOffset: header.nodeDirectoryOffset, field: "first edge",
            expected: "0", found: "\(entry.firstEdge)")
        }
        try check(entry.range, follows: end, "index block \(block)")
        end = entry.range.upperBound
      }
      try check(fileBytes..<fileBytes, follows: end, "end of the file")
    }
  }

  private func check(
    _ range: Range<Int>, follows end: Int, _ what: String
  ) throws(StorageError) {
    guard range.lowerBound != end else { return }
    throw .corrupt(
      path: path, byteOffset: range.lowerBound, field: "start of \(what)", expected: "\(end)",
      found: "\(range.lowerBound)")
  }

  /// Touches every index block and page that is not verified yet, and collects what is wrong with
  /// each, up to a limit.
  func sweep(into errors: inout [StorageError]) {
    let limit = errors.count + Verification.problemsPerFile
    for block in 0..<header.blockCount where !verifiedBlocks.contains(block) {
      do throws(StorageError) {
        _ = try edgeRange(of: LocalNodeID(UInt64(block * NodeIndexBlock.nodes)))
      } catch { errors.append(error) }
      if errors.count == limit { return }
    }
    var scratch = PageScratch()
    var ids = [UInt64](repeating: 0, count: PageCodec.edges)
    for page in 0..<pageCount where !verifiedPages.contains(page) {
      do throws(StorageError) {
        var span = ids.mutableSpan
        try decodePage(page, into: &span, scratch: &scratch)
      } catch { errors.append(error) }
      if errors.count == limit { return }
    }
  }
}
