import MerestoneCore

extension VerificationRun {
  /// A shard's out-edges.
  struct ReverseFile: Sendable {
    var store: ReverseStore
    var relation: RelationID
    var shard: ShardID
    var firstSource: UInt64
  }

  /// Edges of one piece of work.
  static let portion = 64 * PageCodec.edges

  /// Reads some in-edges and adds each to the digest of its source's shard.
  func digest(_ number: Int, _ positions: Range<Int>) -> Verification.Finding {
    let file = edgeFiles[number]
    var finding = Verification.Finding(relation: file.relation, file: number)
    do throws(StorageError) {
      try digest(file, positions, into: &finding)
    } catch {
      finding.errors.append(error)
    }
    file.store.drop()
    return finding
  }

  private func digest(
    _ file: EdgeFile, _ positions: Range<Int>, into finding: inout Verification.Finding
  ) throws(StorageError) {
    let relation = graph.manifest.relations[file.relation.rawValue]
    let type = NodeTypeID(relation.sourceType)
    let book = graph.book
    let firstEdge = book.edges(of: file.relation, in: file.shard).lowerBound
    var digests = [EdgeDigest](repeating: EdgeDigest(), count: book.shardCount)
    var shard = 0
    var owned: Range<UInt64> = 0..<0
    var ends = Ends(file.store, positions)
    try ends.read(adding: file.firstDestination)
    for index in 0..<positions.count {
      let source = ends.others[index]
      if !owned.contains(source) {
        // Sources were checked to exist on the page's first touch.
        guard let owner = book.locate(NodeID(source), type: type) else { continue }
        shard = owner.shard.rawValue
        owned = book.nodes(of: type, in: owner.shard)
      }
      digests[shard].add(
        source: source, destination: ends.listed[index],
        edge: firstEdge &+ UInt64(positions.lowerBound &+ index))
    }
    finding.digests = digests
  }

  func checkReverseLayout(_ number: Int) -> Verification.Finding {
    var finding = Verification.Finding()
    let lists = reverseFiles[number].store.lists
    do throws(StorageError) {
      try lists.checkLayout()
      // Reading edges passes blocks without any by.
      for block in 0..<lists.header.blockCount {
        _ = try lists.edgeRange(of: LocalNodeID(UInt64(block * NodeIndexBlock.nodes)))
      }
    } catch { finding.errors.append(error) }
    return finding
  }

  /// Reads some out-edges: their ids ascend in each list; their digest is compared later.
  func checkReverse(_ number: Int, _ positions: Range<Int>) -> Verification.Finding {
    let file = reverseFiles[number]
    var finding = Verification.Finding(relation: file.relation, reverseFile: number)
    do throws(StorageError) {
      try checkReverse(file, positions, into: &finding)
    } catch {
      finding.errors.append(error)
    }
    file.store.drop()
    return finding
  }

  private func checkReverse(
    _ file: ReverseFile, _ positions: Range<Int>, into finding: inout Verification.Finding
  ) throws(StorageError) {
    var digest = EdgeDigest()
    var ends = Ends(file.store.lists, positions)
    try ends.read(adding: file.firstSource)
    var ids = [UInt64](repeating: 0, count: positions.count)
    var span = ids.mutableSpan
    try file.store.ids.decode(positions, into: &span)
    // The last edge of the piece before, to see that ids ascend across the seam.
    var (last, lastSource) = (UInt64(0), UInt64.max)
    if positions.lowerBound > 0 {
      var before: [UInt64] = [0]
      var span = before.mutableSpan
      try file.store.lists.copyDestinations(
        of: positions.lowerBound - 1..<positions.lowerBound, adding: file.firstSource,
        into: &span)
      lastSource = before[0]
      last = try file.store.ids.id(at: positions.lowerBound - 1)
    }
    for index in 0..<positions.count {
      let (source, id) = (ends.listed[index], ids[index])
      guard source != lastSource || id > last else {
        throw .corrupt(
          path: file.store.ids.path, byteOffset: EdgeIDHeader.byteCount,
          field: "edge id \(positions.lowerBound + index), of node \(source)",
          expected: "more than \(last)", found: "\(id)")
      }
      (last, lastSource) = (id, source)
      digest.add(source: source, destination: ends.others[index], edge: id)
    }
    finding.digests = [digest]
  }

  /// Compares the out-edges with the edges, shard by shard, once all of both could be read.
  mutating func concludeReverse(_ findings: [Verification.Finding]) {
    let isWhole = errors.isEmpty
    for (number, file) in reverseFiles.enumerated() {
      let own = findings.filter { $0.reverseFile == number }
      if own.contains(where: { !$0.errors.isEmpty }) {
        file.store.lists.sweep(into: &errors)
        file.store.ids.sweep(into: &errors)
      }
    }
    guard isWhole else { return }
    for (number, relation) in graph.manifest.relations.enumerated() {
      guard let reverse = relation.reverse else { continue }
      var expected = [EdgeDigest](repeating: EdgeDigest(), count: graph.book.shardCount)
      var found = expected
      var largest = 0
      for finding in findings
      where finding.relation?.rawValue == number && finding.reverseFile < 0 {
        for (shard, digest) in finding.digests.enumerated() { expected[shard] += digest }
      }
      for (place, file) in reverseFiles.enumerated() where file.relation.rawValue == number {
        largest = max(largest, file.store.lists.maximumInDegree)
        for finding in findings where finding.reverseFile == place {
          for digest in finding.digests { found[file.shard.rawValue] += digest }
        }
      }
      for shard in expected.indices where expected[shard] != found[shard] {
        errors.append(
          .corrupt(
            path: graph.path + "/"
              + GraphLayout.reverse(RelationID(number), shard: ShardID(shard)),
            byteOffset: 0, field: "out-edges of \(relation.name)",
            expected: "the \(expected[shard].count) edges that leave this shard, once each",
            found: "\(found[shard].count) edges, not the same"))
      }
      if largest != reverse.maxOutDegree {
        errors.append(
          .corrupt(
            path: graph.path + "/" + GraphManifest.fileName, byteOffset: 0,
            field: "largest out-degree of relation \(relation.name)", expected: "\(largest)",
            found: "\(reverse.maxOutDegree)"))
      }
    }
  }

  /// Both ends of some edges of a file: whose list each is in, and the node that the list names.
  private struct Ends {
    let store: EdgeStore
    let positions: Range<Int>
    var listed: [UInt64]
    var others: [UInt64]

    /// - Parameter positions: Whole pages, but for the last.
    init(_ store: EdgeStore, _ positions: Range<Int>) {
      self.store = store
      self.positions = positions
      listed = [UInt64](repeating: 0, count: positions.count)
      others = listed
    }

    mutating func read(adding base: UInt64) throws(StorageError) {
      let (store, positions) = (store, positions)
      var scratch = PageScratch()
      try others.withSharedBuffer { others throws(StorageError) in
        var done = 0
        while done < positions.count {
          done += try others.withPart(done..<positions.count) { ids throws(StorageError) in
            try store.decodePage(
              (positions.lowerBound + done) / PageCodec.edges, into: &ids, scratch: &scratch)
          }
        }
      }
      var lists = listed.mutableSpan
      try store.copyDestinations(of: positions, adding: base, into: &lists)
    }
  }
}
