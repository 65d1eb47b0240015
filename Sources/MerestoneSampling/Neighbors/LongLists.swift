internal import CMerestoneKernels
package import MerestoneCore
import MerestoneStorage

/// The in-edges of a relation's long lists, by source: LABOR-0 finds what such lists keep without
/// looking at all their edges.
///
/// A hop keeps the edges whose source has a small number: a list of *d* edges, those with one below
/// *k / d*. Few nodes have a number as small as that; from those, what the long lists keep is found along
/// their out-edges. These come by ascending length of their lists, so that a source is left at the first
/// list whose limit is not above its number.
///
/// | | |
/// |---|---|
/// | `offsets[t]` | where the out-edges of source `t` start; 8 bytes |
/// | `entries` | the list, and the position in it, of every edge in a long list; 8 bytes |
/// | `ranks` | which nodes have long lists, and how many of those before them; 1/4 byte a node |
package final class LongLists: Sendable {
  /// Lists of at least so many edges are long.
  let shortest: UInt64

  /// The long lists, by node.
  let lists: [EdgeList]

  let offsets: SharedTable<UInt64>
  let entries: SharedTable<UInt64>
  private let ranks: [Rank]
  private var isWhole: Bool {
    offsets.withPart(sourceCount..<offsets.count) { $0[0] } == entries.count
  }

  /// 64 nodes: which have long lists, and how many long lists are before them.
  private struct Rank: BitwiseCopyable {
    var bits: UInt64 = 0
    var before = 0
  }

  /// What may be the shortest: lists of 256 edges are scanned as fast as they are walked to, and longer ones
  /// alone take less memory.
  static let shortestLengths = (9...16).map { 1 << $0 as UInt64 }

  /// In bytes.
  package var byteCount: Int {
    entries.count * 8 + Self.bytes(sources: sourceCount, destinations: ranks.count * 64)
      + lists.count * MemoryLayout<EdgeList>.size
  }

  var sourceCount: Int { offsets.count - 1 }

  private static func bytes(sources: Int, destinations: Int) -> Int {
    (sources + 1) * 8 + destinations / 64 * MemoryLayout<Rank>.size
  }

  /// Collects the long lists of a decoded relation, from the smallest length for which memory holds them.
  ///
  /// - Parameter memory: What they may take.
  /// - Returns: `nil` where the relation is not decoded or leaves edges out, where no list is long, and where
  ///   memory does not hold them.
  /// - Complexity: O(edges of long lists) on all threads, O(nodes) on one.
  package static func make(
    of topology: Topology, memory: ByteCount, pool: ThreadPool,
    cancellation: Cancellation = Cancellation()
  ) throws(SamplingError) -> LongLists? {
    guard let flat = topology.flat, topology.isNarrow, !topology.isFiltered else { return nil }
    let sourceCount = topology.nodeCount(of: .source)
    let fixed = bytes(
      sources: sourceCount, destinations: (flat.destinationCount + 63) / 64 * 64)
    var sizes = [(edges: Int, lists: Int)](repeating: (0, 0), count: shortestLengths.count)
    var longest: UInt64 = 0
    flat.forEachList { _, list in
      longest = max(longest, list.count)
      guard list.count >= shortestLengths[0] else { return }
      let place = shortestLengths.lastIndex { $0 <= list.count }!
      sizes[place].edges += Int(list.count)
      sizes[place].lists += 1
    }
    for place in sizes.indices.dropLast().reversed() {
      sizes[place].edges += sizes[place + 1].edges
      sizes[place].lists += sizes[place + 1].lists
    }
    let place = sizes.firstIndex {
      fixed + $0.edges * 8 + $0.lists * MemoryLayout<EdgeList>.size <= memory.bytes
    }
    guard let place, sizes[place].edges > 0, longest < 1 << 32 else { return nil }
    let made = try LongLists(
      flat, shortest: shortestLengths[place], sourceCount: sourceCount,
      entryCount: sizes[place].edges, pool, cancellation)
    // Lists that do not ascend have edges that were not found.
    return made.isWhole ? made : nil
  }

  private init(
    _ flat: FlatTopology, shortest: UInt64, sourceCount: Int, entryCount: Int, _ pool: ThreadPool,
    _ cancellation: Cancellation
  ) throws(SamplingError) {
    self.shortest = shortest
    var lists: [EdgeList] = []
    var ranks = [Rank](repeating: Rank(), count: (flat.destinationCount + 63) / 64)
    flat.forEachList { node, list in
      if node % 64 == 0 { ranks[node / 64].before = lists.count }
      guard list.count >= shortest else { return }
      ranks[node / 64].bits |= 1 << UInt64(node % 64)
      lists.append(list)
    }
    self.lists = lists
    self.ranks = ranks
    let order = lists.indices.sorted {
      (lists[$0].count, $0) < (lists[$1].count, $1)
    }
    let parts = pool.threadCount * 8
    var entries: SharedTable<UInt64>?
    // Element t + 1 counts the out-edges of source t, is then where the next of them goes, and in the end
    // where those of the next source start.
    offsets = try SharedTable(count: sourceCount + 1, zero: 0) { offsets throws(SamplingError) in
      try pool.forEach(parts) { part throws(SamplingError) in
        if cancellation.isCancelled { throw .cancelled }
        let nodes = sourceCount * part / parts..<sourceCount * (part + 1) / parts
        offsets.withPart(nodes.lowerBound + 1..<nodes.upperBound + 1) { degrees in
          for list in lists {
            flat.forEachEdge(of: list, from: nodes) { source, _ in degrees[source] += 1 }
          }
        }
      }
      let cuts = offsets.withPart(1..<sourceCount + 1) { degrees in
        Self.addUp(&degrees, parts: parts, total: entryCount)
      }
      entries = try SharedTable(count: entryCount, zero: 0) { entries throws(SamplingError) in
        try pool.forEach(parts) { part throws(SamplingError) in
          if cancellation.isCancelled { throw .cancelled }
          let (from, to) = (cuts[part], cuts[part + 1])
          offsets.withPart(from.node + 1..<to.node + 1) { next in
            entries.withPart(from.entry..<to.entry) { entries in
              for index in order {
                flat.forEachEdge(of: lists[index], from: from.node..<to.node) { source, position in
                  entries[Int(next[source]) - from.entry] = UInt64(index) | UInt64(position) << 32
                  next[source] += 1
                }
              }
            }
          }
        }
      }
    }
    self.entries = entries!
  }

  /// Turns degrees into where each source's out-edges start; cuts the sources into parts with about as many
  /// out-edges each.
  /// - Returns: Where the parts start, and the end of the last.
  private static func addUp(
    _ degrees: inout MutableSpan<UInt64>, parts: Int, total: Int
  ) -> [(node: Int, entry: Int)] {
    var cuts: [(node: Int, entry: Int)] = []
    var sum = 0
    for node in degrees.indices {
      while cuts.count < parts, sum >= total * cuts.count / parts { cuts.append((node, sum)) }
      let degree = Int(degrees[node])
      degrees[node] = UInt64(sum)
      sum += degree
    }
    while cuts.count <= parts { cuts.append((degrees.count, sum)) }
    return cuts
  }

  /// Which of ``lists`` is that of a node.
  /// - Precondition: The node has a long list.
  func index(of node: NodeID) -> Int {
    let rank = ranks[Int(node.rawValue / 64)]
    let bit = node.rawValue % 64
    assert(rank.bits >> bit & 1 == 1)
    return rank.before + (rank.bits & (1 << bit - 1)).nonzeroBitCount
  }
}

extension FlatTopology {
  fileprivate var destinationCount: Int { unsafe indptr.count - 1 }

  fileprivate func forEachList(_ body: (Int, EdgeList) -> Void) {
    for node in 0..<destinationCount {
      // SAFETY: there is one start more than there are destinations.
      let (start, end) = unsafe (indptr[node], indptr[node + 1])
      body(node, EdgeList(start: start, count: end - start))
    }
  }

  /// Calls `body` with the source, counted from the first of the range, and the position of every edge of a
  /// list that comes from a range of nodes.
  /// - Complexity: O(log *list* + calls).
  @inline(__always)
  fileprivate func forEachEdge(
    of list: EdgeList, from nodes: Range<Int>, _ body: (Int, Int) -> Void
  ) {
    // SAFETY: this object holds the sources as long as the span is used; the range is checked.
    let sources = unsafe Span(
      _unsafeElements: low.extracting(Int(list.start)..<Int(list.range.upperBound)))
    var range = 0..<sources.count
    while !range.isEmpty {
      let middle = range.lowerBound + range.count / 2
      range =
        Int(sources[middle]) < nodes.lowerBound
        ? middle + 1..<range.upperBound : range.lowerBound..<middle
    }
    for position in range.lowerBound..<sources.count {
      let source = Int(sources[position])
      guard nodes.contains(source) else { return }
      body(source - nodes.lowerBound, position)
    }
  }
}
