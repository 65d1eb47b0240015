import MerestoneCore
import MerestoneStorage

/// A relation that a ``GroupSampler`` follows, and how its ids are cut into buckets.
struct GroupRelation: Sendable {
  let topology: Topology
  let fanouts: [Int]
  let scheme: NeighborScheme

  /// The places of its ends' types among those of the group.
  let sourceType: Int
  let destinationType: Int

  let nodeCut: BucketCut
  let edgeCut: BucketCut

  private let picks = LendingPool<SchemePick>()

  /// What a thread needs to pick by a scheme.
  struct SchemePick {
    var pick: BoundedPick
    var reader: InEdgeReader
  }

  init(_ followed: FollowedRelation, types: [NodeTypeID], sizes: GroupSampler.BucketSizes) {
    topology = followed.topology
    fanouts = followed.fanouts
    scheme = followed.scheme
    let (source, destination) = (topology.type(of: .source), topology.type(of: .destination))
    guard let sourceType = types.firstIndex(of: source),
      let destinationType = types.firstIndex(of: destination)
    else { preconditionFailure("a relation between other types than the group's") }
    (self.sourceType, self.destinationType) = (sourceType, destinationType)
    let (book, relation) = (topology.store.book, topology.relation)
    let shards = (0..<book.shardCount).map { ShardID($0) }
    func bounds(_ ranges: [Range<UInt64>]) -> [UInt64] { [0] + ranges.map(\.upperBound) }
    nodeCut = BucketCut(
      bounds: bounds(shards.map { book.nodes(of: destination, in: $0) }), shift: sizes.nodeShift)
    edgeCut = BucketCut(
      bounds: bounds(shards.map { book.edges(of: relation, in: $0) }), shift: sizes.edgeShift)
  }

  /// Lends what picks by the scheme.
  /// - Precondition: The scheme is not the uniform one, which is built in.
  func lendPick(
    _ body: (inout SchemePick) throws(SamplingError) -> Void
  ) throws(SamplingError) {
    try picks.lend(makePick, body)
  }

  private func makePick() throws(SamplingError) -> SchemePick {
    guard let pick = BoundedPick(scheme, fanouts: fanouts) else {
      preconditionFailure("uniform picks are built in")
    }
    return SchemePick(pick: pick, reader: InEdgeReader(topology))
  }

  /// Answers what all members ask of one bucket of nodes.
  func answerLists(
    _ bucket: Int, _ asked: ExchangeGroup, _ buffers: PageBufferPool
  ) throws(SamplingError) {
    guard asked.count(in: bucket) > 0 else { return }
    let (shard, locals) = nodeCut.range(of: bucket)
    let base = topology.store.book.edges(of: topology.relation, in: shard).lowerBound
    do throws(StorageError) {
      let edges = try topology.store.edges(topology.relation, shard: shard)
      try buffers.lend { buffers throws(StorageError) in
        var starts = buffers.starts.mutableSpan
        if let edges {
          try edges.decodeOffsets(
            locals.lowerBound..<locals.upperBound + 1, into: &starts, adding: base)
        } else {
          for place in 0...locals.count { starts[place] = base }
        }
        asked.answer(bucket, withLists: starts.span)
      }
    } catch {
      throw .storage(error)
    }
  }

  /// Answers what all members ask of one bucket of edges.
  func answerSources(
    _ bucket: Int, _ asked: ExchangeGroup, _ buffers: PageBufferPool
  ) throws(SamplingError) {
    let count = asked.count(in: bucket)
    guard count > 0 else { return }
    let (shard, locals) = edgeCut.range(of: bucket)
    do throws(StorageError) {
      guard let edges = try topology.store.edges(topology.relation, shard: shard) else {
        preconditionFailure("edges in a shard without edges")
      }
      let first = locals.lowerBound / edges.pageEdges
      let last = (locals.upperBound - 1) / edges.pageEdges
      try buffers.lend { buffers throws(StorageError) in
        // A few edges may leave pages out; many touch them all.
        let isSparse = count < 32 * (last - first + 1)
        buffers.touched.removeAll(keepingCapacity: true)
        buffers.touched.resize(to: last - first + 1, filling: isSparse ? 0 : 1)
        if isSparse {
          var touched = buffers.touched.mutableSpan
          asked.markPages(of: bucket, pageEdges: edges.pageEdges, in: &touched)
        }
        try buffers.ids.withSharedBuffer { ids throws(StorageError) in
          for page in first...last where buffers.touched[page - first] == 1 {
            let held = edges.edges(ofPage: page)
            let lower = held.lowerBound - locals.lowerBound
            try ids.withPart(lower..<lower + held.count) { part throws(StorageError) in
              _ = try edges.decodePage(page, into: &part, scratch: &buffers.scratch)
            }
          }
        }
        asked.answer(bucket, with: buffers.ids.span)
      }
    } catch {
      throw .storage(error)
    }
  }

  /// Buckets whose pages are given back together: each time, all processors are told of it.
  private static let droppedBuckets = 16

  /// Gives pages of the last buckets back, now and then. Those before them are among them once more,
  /// since another thread may have been reading there the last time.
  func dropPages(behind bucket: Int) throws(SamplingError) {
    let isLast = bucket == edgeCut.count - 1
    guard isLast || bucket % Self.droppedBuckets == Self.droppedBuckets - 1 else { return }
    var next = max(0, bucket + 1 - 2 * Self.droppedBuckets)
    do throws(StorageError) {
      while next <= bucket {
        let (shard, first) = edgeCut.range(of: next)
        var upper = first.upperBound
        next += 1
        while next <= bucket, edgeCut.range(of: next).shard == shard {
          upper = edgeCut.range(of: next).locals.upperBound
          next += 1
        }
        guard let edges = try topology.store.edges(topology.relation, shard: shard) else {
          continue
        }
        try edges.dropPages(first.lowerBound / edges.pageEdges...(upper - 1) / edges.pageEdges)
      }
    } catch {
      throw .storage(error)
    }
  }
}

/// Buffers for as many threads as decode at once.
struct PageBufferPool: Sendable {
  private let sizes: GroupSampler.BucketSizes
  private let pool = LendingPool<PageBuffers>()

  init(_ sizes: GroupSampler.BucketSizes) { self.sizes = sizes }

  func lend<R, E: Error>(_ body: (inout PageBuffers) throws(E) -> R) throws(E) -> R {
    try pool.lend({ () throws(E) in PageBuffers(sizes) }, body)
  }
}

/// What a thread needs to decode a bucket, and to pick.
struct PageBuffers {
  var ids: [UInt32]
  var starts: [UInt64]
  var touched: [UInt8] = []
  var nodes: [UInt32] = []
  /// Of the destinations of the mini-batch that is picked.
  var lists: [EdgeList] = []
  var scratch = PageScratch()

  fileprivate init(_ sizes: GroupSampler.BucketSizes) {
    ids = Array(repeating: 0, count: 1 << sizes.edgeShift)
    starts = Array(repeating: 0, count: 1 << sizes.nodeShift + 1)
  }
}
