internal import CMerestoneKernels
import MerestoneCore

/// LABOR-0 of lists that nothing is left out of, by kernels: see ``LaborPick``.
///
/// Lists that look into the same level of the sieve are scanned one after the other, so that it stays in
/// the caches; what is kept is handed over in the order of the lists.
struct LaborScan {
  private var sieve: LaborSieve
  private var order: [Int] = []
  private var kept: [EdgeID] = []
  private var spans: [Range<Int>] = []
  private var edges: [EdgeID] = []
  private var sources: [NodeID] = []
  private var narrow: [UInt32] = []
  private var sample: [UInt32] = []

  // Edges that the kernel looks at in one call.
  private static let piece: UInt64 = 1 << 14

  // Lists between one that is looked at and one that is fetched, and how much of that is: where a long
  // list goes on, the kernel fetches.
  private static let ahead = 2
  private static let fetchedEdges: UInt64 = 256

  // Sources that tell how frequent nodes are.
  private static let sampleSize: UInt64 = 1024

  /// - Parameter stampBudget: See ``LaborSieve/init(budget:)``.
  init(stampBudget: ByteCount) {
    sieve = LaborSieve(budget: stampBudget)
  }

  /// - Precondition: The topology is not filtered, sources have 32 bits, and `fanout` is positive.
  mutating func pick(
    _ lists: ArraySlice<EdgeList>, fanout: Int, draws: RandomDraws, reader: inout InEdgeReader,
    into picked: inout PickedEdges
  ) throws(SamplingError) {
    // Asked for once: the object is counted by all threads.
    let flat = reader.topology.flat
    let low = unsafe flat?.low
    var scanned: UInt64 = 0
    for list in lists where list.count > UInt64(fanout) { scanned += list.count }
    if let low = unsafe low {
      unsafe readSample(of: lists, longerThan: fanout, scanned: scanned, from: low)
    }
    sieve.prepare(
      nodeCount: reader.topology.nodeCount(of: .source), draws: draws, scanned: scanned,
      sample: sample)
    sort(lists, fanout)
    spans.removeAll(keepingCapacity: true)
    spans.append(contentsOf: repeatElement(0..<0, count: lists.count))
    var used = 0
    for turn in order.indices {
      if let low = unsafe low, turn + Self.ahead < order.count {
        unsafe Self.prefetch(lists[order[turn + Self.ahead]], of: low)
      }
      let list = lists[order[turn]]
      let limit = Self.limit(list, fanout)
      let start = used
      var first = list.start
      while first < list.range.upperBound {
        let range = first..<min(first &+ Self.piece, list.range.upperBound)
        if kept.count <= used + range.count {
          kept.resize(to: 2 * used + 2 * Int(Self.piece), filling: EdgeID(0))
        }
        if let low = unsafe low {
          precondition(range.upperBound <= UInt64(low.count))
          // SAFETY: the sources exist.
          used += unsafe sieve.keep(
            low.baseAddress! + Int(first), of: range, below: limit, draws: draws, into: &kept,
            at: used)
        } else {
          try readSources(of: range, &reader)
          let sieve = sieve
          used += unsafe narrow.withUnsafeBufferPointer { narrow in
            // SAFETY: one for each edge.
            unsafe sieve.keep(
              narrow.baseAddress!, of: range, below: limit, draws: draws, into: &kept, at: used)
          }
        }
        first = range.upperBound
      }
      spans[order[turn] - lists.startIndex] = start..<used
    }
    for (list, span) in zip(lists, spans) {
      if list.count > UInt64(fanout) {
        picked.edges.append(contentsOf: kept[span])
        picked.weights.resize(
          to: picked.edges.count, filling: Float(1 / Self.probability(list, fanout)))
      } else {
        for edge in list.range { picked.edges.append(EdgeID(edge)) }
        picked.weights.resize(to: picked.edges.count, filling: 1)
      }
      picked.indptr.append(picked.edges.count)
    }
  }

  private static func probability(_ list: EdgeList, _ fanout: Int) -> Double {
    Double(fanout) / Double(list.count)
  }

  /// `u / 2^53 < p` where `u` is below the next integer from `p * 2^53`; below 2^53, since `p < 1`.
  private static func limit(_ list: EdgeList, _ fanout: Int) -> UInt64 {
    UInt64((probability(list, fanout) * 0x1p53).rounded(.up)) &<< 11
  }

  /// Fills `order` with the places of the lists that are scanned, by level.
  private mutating func sort(_ lists: ArraySlice<EdgeList>, _ fanout: Int) {
    func level(_ list: EdgeList) -> Int { list.count.leadingZeroBitCount }
    var ends = [Int](repeating: 0, count: UInt64.bitWidth + 1)
    for list in lists where list.count > UInt64(fanout) { ends[level(list)] += 1 }
    var total = 0
    for level in ends.indices {
      (ends[level], total) = (total, total + ends[level])
    }
    order.resize(to: total, filling: 0)
    for place in lists.indices where lists[place].count > UInt64(fanout) {
      let level = level(lists[place])
      order[ends[level]] = place
      ends[level] += 1
    }
  }

  /// Fills `sample` with every so many-th of the sources that are looked at.
  @unsafe private mutating func readSample(
    of lists: ArraySlice<EdgeList>, longerThan fanout: Int, scanned: UInt64,
    from low: UnsafeBufferPointer<UInt32>
  ) {
    sample.removeAll(keepingCapacity: true)
    let step = scanned / Self.sampleSize + 1
    var skipped = step / 2
    for list in lists where list.count > UInt64(fanout) {
      while skipped < list.count {
        sample.append(unsafe low[Int(list.start &+ skipped)])
        skipped += step
      }
      skipped -= list.count
    }
  }

  /// Fills `narrow` with the sources of a range that are not decoded.
  private mutating func readSources(
    of range: Range<UInt64>, _ reader: inout InEdgeReader
  ) throws(SamplingError) {
    edges.removeAll(keepingCapacity: true)
    for edge in range { edges.append(EdgeID(edge)) }
    try reader.readSources(of: edges, into: &sources)
    narrow.resize(to: edges.count, filling: 0)
    for place in edges.indices {
      narrow[place] = UInt32(truncatingIfNeeded: sources[place].rawValue)
    }
  }

  /// Fetches the beginning of a list.
  @unsafe private static func prefetch(_ list: EdgeList, of low: UnsafeBufferPointer<UInt32>) {
    let end = min(list.range.upperBound, list.start &+ fetchedEdges, UInt64(low.count))
    var edge = list.start
    while edge < end {
      // SAFETY: the edge exists.
      unsafe mrs_prefetch(low.baseAddress! + Int(edge))
      edge &+= 16
    }
  }
}
