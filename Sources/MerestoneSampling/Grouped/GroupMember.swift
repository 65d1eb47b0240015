internal import CMerestoneKernels
import MerestoneCore

/// One mini-batch of a group while it is being sampled; between two steps it holds no table over
/// nodes, so that a group of many needs one table per thread.
final class GroupMember: @unchecked Sendable {  // one thread works on a member at a time
  private(set) var batch = MiniBatch.empty
  private var key = RandomKey(seed: 0, stream: .neighborSampling)
  // The distinct seeds.
  private var seedNodes: [NodeID] = []
  // The lists of the nodes that earlier hops reached.
  private var lists: [EdgeList] = []
  private var listed = 0
  let nodeExchange = Exchange()
  let edgeExchange = Exchange()

  /// Starts a mini-batch.
  func begin(
    seeds: [NodeID], key: RandomKey, hops: Int, _ relabeler: inout NodeRelabeler
  ) throws(SamplingError) {
    self.key = key
    listed = 0
    relabeler.reset()
    batch.seeds = seeds
    try relabeler.relabel(seeds, count: seeds.count, into: &batch.seedIndices)
    relabeler.copyNodes(into: &seedNodes)
    if batch.blocks.count != hops { batch.blocks = Array(repeating: .empty, count: hops) }
  }

  /// The destinations of a hop.
  private func nodes(of hop: Int) -> [NodeID] {
    hop == 0 ? seedNodes : batch.blocks[hop - 1].sources
  }

  /// Asks for the lists of a hop's destinations that no hop before had.
  func askForLists(of hop: Int, _ cut: BucketCut) {
    withKeys(of: nodes(of: hop), from: listed) { nodeExchange.deal($0, to: cut, forLists: true) }
  }

  /// Picks a hop's edges and asks for their sources.
  func pick(
    hop: Int, fanout: Int, relation: RelationID, nodeCut: BucketCut, edgeCut: BucketCut,
    scratch: inout [UInt32]
  ) {
    let nodes = nodes(of: hop)
    let count = nodes.count
    if lists.count < count { lists.resize(to: count, filling: EdgeList(start: 0, count: 0)) }
    withKeys(of: nodes, from: listed) { keys in
      nodeExchange.collect(keys, from: nodeCut, into: &lists, at: listed)
    }
    listed = count
    key.hop = UInt8(truncatingIfNeeded: hop)
    key.relation = UInt16(truncatingIfNeeded: relation.rawValue)
    batch.blocks[hop].pick(
      nodes, lists, fanout: fanout, draws: key.draws, isWide: false, scratch: &scratch)
    withKeys(of: batch.blocks[hop].edges, from: 0) {
      edgeExchange.deal($0, to: edgeCut, forLists: false)
    }
  }

  /// Takes the sources of a hop's edges and numbers the nodes.
  func finish(
    hop: Int, edgeCut: BucketCut, _ relabeler: inout NodeRelabeler
  ) throws(SamplingError) {
    let nodes = nodes(of: hop)
    relabeler.reset()
    // The destinations are distinct: they get the indices 0, 1, 2 ... again.
    try relabeler.relabel(nodes, count: nodes.count, into: &batch.blocks[hop].indices)
    let edges = batch.blocks[hop].edges
    try relabeler.relabel(count: edges.count, into: &batch.blocks[hop].indices) { sources in
      withKeys(of: edges, from: 0) { edgeExchange.collect($0, from: edgeCut, into: &sources) }
    }
    relabeler.copyNodes(into: &batch.blocks[hop].sources)
  }

  /// Finishes the last hop, hands the mini-batch over, and keeps one whose memory can be used again.
  ///
  /// Finishes the last hop and hands the mini-batch over.
  ///
  /// Memory for what only a finished mini-batch has wanders with those that are handed over: they
  /// are few, while members are many.
  ///
  /// - Parameter used: A mini-batch whose memory can be used again; the finished one afterwards.
  func finish(
    into used: inout MiniBatch, edgeCut: BucketCut, _ relabeler: inout NodeRelabeler
  ) throws(SamplingError) {
    swap(&batch.features, &used.features)
    if let last = batch.blocks.indices.last {
      if used.blocks.count == batch.blocks.count {
        swap(&batch.blocks[last].sources, &used.blocks[last].sources)
        swap(&batch.blocks[last].indices, &used.blocks[last].indices)
      }
      try finish(hop: last, edgeCut: edgeCut, &relabeler)
    }
    swap(&batch, &used)
  }

  /// The memory that this member takes.
  var byteCount: Int {
    seedNodes.byteCapacity + lists.byteCapacity + nodeExchange.byteCount + edgeExchange.byteCount
      + batch.byteCount
  }

  /// Lends ids as plain words.
  private func withKeys<ID: Identifier, R>(
    of ids: [ID], from first: Int, _ body: (Span<UInt64>) -> R
  ) -> R where ID.RawValue == UInt64 {
    unsafe ids.withUnsafeBufferPointer { ids in
      // SAFETY: an id is one word.
      unsafe ids.withMemoryRebound(to: UInt64.self) { words in
        unsafe body(Span(_unsafeElements: UnsafeBufferPointer(rebasing: words[first...])))
      }
    }
  }
}
