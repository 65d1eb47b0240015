internal import CMerestoneKernels
import MerestoneCore

/// LABOR-0 of lists that nothing is left out of, by kernels: see ``LaborPick``.
///
/// Lists that look into the same level of the sieve are scanned one after the other, so that it stays in
/// the caches; where pages are read, lists are scanned as they lie, so that each page is once. What is
/// kept is handed over in the order of the lists, some thousands of which are worked on together. Long
/// lists are not scanned where a ``LaborWalk`` costs less.
struct LaborScan {
  private var sieve: LaborSieve
  private var walk: LaborWalk?
  // Lists that are scanned, in the order of the hop with their levels, and in the order of the scan.
  private var places: [Int] = []
  private var levels: [UInt8] = []
  private var order: [Int] = []
  private var spans: [Range<Int>] = []
  private var kept: [EdgeID] = []
  private var keptCount = 0
  private var keptSources: [BlockIndex] = []
  private var sample: [UInt32] = []

  // Lists between one that is looked at and one that is fetched, and how much of that is: where a long
  // list goes on, the kernel fetches.
  private static let ahead = 2
  private static let fetchedEdges: UInt64 = 256

  // Lists that are worked on together: in decoded memory as many as make the order worth it, else as many
  // as share pages.
  private static let portion = 1 << 12
  private static let portionOfPages = 1 << 16

  // Sources that tell how frequent nodes are.
  private static let sampleSize: UInt64 = 1024

  /// - Parameter stampBudget: See ``LaborSieve/init(budget:)``.
  init(longLists: LongLists?, stampBudget: ByteCount) {
    sieve = LaborSieve(budget: stampBudget)
    walk = longLists.map { LaborWalk($0) }
  }

  /// - Precondition: The topology is not filtered, sources have 32 bits, and `fanout` is positive.
  mutating func pick(
    _ nodes: [NodeID], _ lists: ArraySlice<EdgeList>, fanout: Int, draws: RandomDraws,
    reader: inout InEdgeReader, into picked: inout HopEdges
  ) throws(SamplingError) {
    var runs = SourceRuns(reader.topology)
    let walks = prepare(
      lists, fanout, draws, sources: reader.topology.nodeCount(of: .source), runs)
    if walks { walk!.find(nodes, lists, fanout: fanout, draws: draws) }
    var walked = 0
    let portion = runs.isPaged ? Self.portionOfPages : Self.portion
    for first in stride(from: lists.startIndex, to: lists.endIndex, by: portion) {
      let part = lists[first..<min(first + portion, lists.endIndex)]
      try scan(part, fanout, draws, &runs, &reader, withoutLong: walks)
      for (list, span) in zip(part, spans) {
        let before = picked.edges.count
        if walks, walk!.isLong(list) {
          picked.edges.append(
            contentsOf: walk!.edges[walk!.starts[walked]..<walk!.starts[walked + 1]])
          walked += 1
        } else {
          picked.edges.append(contentsOf: kept[span])
          if !keptSources.isEmpty { picked.indices.append(contentsOf: keptSources[span]) }
        }
        picked.weights.append(
          contentsOf: repeatElement(
            Self.weight(list, fanout), count: picked.edges.count - before))
        picked.indptr.append(picked.edges.count)
      }
    }
  }

  /// Makes the sieve of a hop, and says whether its long lists are walked to: what costs the least.
  mutating func prepare(
    _ lists: ArraySlice<EdgeList>, _ fanout: Int, _ draws: RandomDraws, sources: Int,
    _ runs: SourceRuns
  ) -> Bool {
    var scanned: UInt64 = 0
    var long: UInt64 = 0
    for list in lists where LaborSieve.sifts(list, fanout: fanout) {
      scanned += list.count
      if walk?.isLong(list) == true { long += list.count }
    }
    sample.removeAll(keepingCapacity: true)
    if let decoded = unsafe runs.decoded, sieve.mayPay(nodeCount: sources, scanned: scanned) {
      unsafe readSample(of: lists, fanout, scanned: scanned, from: decoded)
    }
    let all = sieve.plan(nodeCount: sources, scanned: scanned, sample: sample)
    let short = sieve.plan(nodeCount: sources, scanned: scanned - long, sample: sample)
    let walks = walk.map { $0.cost(fanout: fanout) + short.cost < all.cost } ?? false
    sieve.prepare(walks ? short : all, draws: draws)
    return walks
  }

  /// That of every edge that a list keeps.
  private static func weight(_ list: EdgeList, _ fanout: Int) -> Float {
    list.count > UInt64(fanout) ? LaborNumber.weight(LaborNumber.limit(fanout, of: list.count)) : 1
  }

  /// Fills `kept` with what is kept of some lists, and `spans` with where.
  private mutating func scan(
    _ lists: ArraySlice<EdgeList>, _ fanout: Int, _ draws: RandomDraws, _ runs: inout SourceRuns,
    _ reader: inout InEdgeReader, withoutLong: Bool
  ) throws(SamplingError) {
    let decoded = unsafe runs.decoded
    places.removeAll(keepingCapacity: true)
    for place in lists.indices
    where lists[place].count > 0 && !(withoutLong && walk!.isLong(lists[place])) {
      places.append(place)
    }
    if unsafe decoded == nil {
      order.removeAll(keepingCapacity: true)
      order.append(contentsOf: places)
      order.sort { lists[$0].start < lists[$1].start }
    } else {
      sortByLevel(lists, fanout)
    }
    spans.removeAll(keepingCapacity: true)
    spans.append(contentsOf: repeatElement(0..<0, count: lists.count))
    keptCount = 0
    keptSources.removeAll(keepingCapacity: true)
    for turn in order.indices {
      if let decoded = unsafe decoded, turn + Self.ahead < order.count {
        unsafe Self.prefetch(lists[order[turn + Self.ahead]], of: decoded)
      }
      let start = keptCount
      try scan(lists[order[turn]], fanout, draws, &runs, &reader)
      spans[order[turn] - lists.startIndex] = start..<keptCount
    }
  }

  /// Appends what is kept of a list to `kept`, and the sources where their pages are decoded for it.
  private mutating func scan(
    _ list: EdgeList, _ fanout: Int, _ draws: RandomDraws, _ runs: inout SourceRuns,
    _ reader: inout InEdgeReader
  ) throws(SamplingError) {
    let isPaged = runs.isPaged
    let isLong = list.count > UInt64(fanout)
    var rest = list.range
    while !rest.isEmpty {
      let range = isLong || isPaged ? try runs.read(rest, &reader) : rest
      if kept.count <= keptCount + range.count {
        kept.resize(to: 2 * (keptCount + range.count), filling: EdgeID(0))
      }
      let before = keptCount
      if isLong {
        let limit = LaborNumber.limit(fanout, of: list.count)
        let sifts = LaborSieve.sifts(list, fanout: fanout)
        let sieve = sieve
        keptCount += unsafe runs.withLast { sources in
          // SAFETY: there is a source for each edge of the range.
          unsafe sieve.keep(
            sources, of: range, below: limit, draws: draws, sifts: sifts, into: &kept, at: before)
        }
      } else {
        for edge in range {
          kept[keptCount] = EdgeID(edge)
          keptCount += 1
        }
      }
      if isPaged {
        unsafe runs.withLast { sources in
          for edge in kept[before..<keptCount] {
            // SAFETY: the edge is one of the range.
            keptSources.append(
              BlockIndex(unsafe sources[Int(edge.rawValue &- range.lowerBound)]))
          }
        }
      }
      rest = range.upperBound..<list.range.upperBound
    }
  }

  /// Fills `order` with `places`, by the level of the sieve that their lists look into.
  private mutating func sortByLevel(_ lists: ArraySlice<EdgeList>, _ fanout: Int) {
    levels.removeAll(keepingCapacity: true)
    var ends = [Int](repeating: 0, count: UInt32.bitWidth + 1)
    for place in places {
      let list = lists[place]
      let level =
        list.count > UInt64(fanout)
        ? UInt32(LaborNumber.limit(fanout, of: list.count) - 1).leadingZeroBitCount : 0
      levels.append(UInt8(level))
      ends[level] += 1
    }
    var total = 0
    for level in ends.indices {
      (ends[level], total) = (total, total + ends[level])
    }
    order.resize(to: places.count, filling: 0)
    for (place, level) in zip(places, levels) {
      order[ends[Int(level)]] = place
      ends[Int(level)] += 1
    }
  }

  /// Fills `sample` with sources that are looked up, from about every so many-th edge: lists may be of
  /// the same length, and sources ascend in each.
  @unsafe private mutating func readSample(
    of lists: ArraySlice<EdgeList>, _ fanout: Int, scanned: UInt64,
    from decoded: UnsafeBufferPointer<UInt32>
  ) {
    let step = scanned / Self.sampleSize + 1
    func skip() -> UInt64 {
      1 + ((UInt64(sample.count) &* 0x9E37_79B9_7F4A_7C15) >> 32) % (2 * step)
    }
    var skipped = step / 2
    for list in lists where LaborSieve.sifts(list, fanout: fanout) {
      precondition(list.range.upperBound <= UInt64(decoded.count))
      while skipped < list.count {
        // SAFETY: the edge exists.
        sample.append(unsafe decoded[Int(list.start &+ skipped)])
        skipped += skip()
      }
      skipped -= list.count
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
