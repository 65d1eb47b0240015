internal import CMerestoneKernels
package import MerestoneCore
import MerestoneStorage

/// The weights of a relation's edges, prepared for drawing edges in proportion to them; shared by
/// all samplers.
///
/// Drawing from a list needs its running sums `C[i] = C[i - 1] + w[i]`, doubles added in list
/// order; an edge that the edge set leaves out weighs 0. Some of them are in the graph
/// (``CumulativeWeights``), where preprocessing has stored them and the edge set leaves none out, and are
/// read there like the column; else they are added up when the column is opened:
///
/// | | |
/// |---|---|
/// | `sums[m]` | the sum of the weights before edge `m * spacing` in that edge's list |
/// | `guided[e]` | the sum up to edge `e` in its list, its source, and a place of a guide through the sums; where memory allows |
/// | `lines` | what most draws from a list of six edges or more need, in one cache line (``DrawLines``); where memory allows that, too |
///
/// With a guide (indexed search: Chen and Asau, "On Generating Random Variates from an Empirical
/// Distribution", 1974) a draw touches two lines, one of them its edge's with the source, and nothing
/// of the column: 16.5 bytes per edge; with lines beside it, 11 more, most draws touch one. Without it
/// the rest is added up from the mapped column when it is needed, so that the memory is `8 / spacing`
/// bytes per edge, and a draw touches a line or two of the sums and of the column whatever the length of
/// the list. The spacing is the smallest power of
/// two from 16 on for which the sums fit the memory that was given; none are kept, and every list is
/// added up as it is met, where not even one per 4,096 edges fits. The running sums are the same
/// doubles in all cases, and so are the samples.
///
/// An edge so much lighter than those before it that the running sum does not change, by a factor
/// of about 2^53, counts as one of weight 0.
package final class EdgeWeights: Sendable {
  package let edges: EdgeColumn

  /// Edges per kept sum; 0 where none are kept.
  let spacing: Int
  /// Those that were added up here; empty where they are stored.
  private let sums: SharedTable<Double>

  /// All running sums with their guide; empty where they take too much memory.
  let guided: SharedTable<mrs_guided_edge>

  /// What most draws read; `nil` where memory does not hold it.
  let lines: DrawLines?

  /// Whether no edge has a running sum equal to that before it; only known where sums are kept.
  let everyEdgeCounts: Bool

  /// The sums' memory where nothing else is asked for: one sum per 16 edges up to 134 million edges.
  package static let defaultMemory = ByteCount(64 << 20)

  /// The memory that the sums take, in bytes.
  package var byteCount: Int {
    sums.count * MemoryLayout<Double>.size + guided.count * Self.guidedBytes
      + (lines?.byteCount ?? 0)
  }

  private static let guidedBytes = MemoryLayout<mrs_guided_edge>.stride

  static let smallestSpacing = 16
  static let largestSpacing = 4096

  /// Opens a column of weights and adds it up.
  ///
  /// - Parameters:
  ///   - memory: What the sums may take; 0 keeps none.
  /// - Throws: What ``EdgeColumn/init(_:of:)`` throws; where sums are kept also
  ///   ``SamplingError/badWeight(column:value:edge:source:destination:)`` and
  ///   ``SamplingError/weightSumOverflow(column:destination:)`` for the first such edge, which are
  ///   thrown when an edge is met otherwise; ``SamplingError/cancelled``.
  /// - Complexity: O(shards) where sums are stored and memory does not hold all of them; else O(edges)
  ///   where sums are kept: the column is read once, on all threads.
  package init(
    _ name: String, of topology: Topology, memory: ByteCount = EdgeWeights.defaultMemory,
    pool: ThreadPool, cancellation: Cancellation = Cancellation()
  ) throws(SamplingError) {
    edges = try EdgeColumn(name, of: topology)
    let edgeCount = topology.store.manifest.relations[topology.relation.rawValue].edgeCount
    let stored = edges.cumulative
    var spacing = stored?.spacing ?? Self.smallestSpacing
    while stored == nil, spacing <= Self.largestSpacing,
      (edgeCount / spacing + 1) * 8 > memory.bytes
    {
      spacing *= 2
    }
    let isKept = stored != nil || spacing <= Self.largestSpacing
    self.spacing = isKept ? spacing : 0
    let sumCount = isKept && stored == nil ? edgeCount / spacing + 1 : 0
    let keepsAll =
      isKept && sumCount * 8 + edgeCount * Self.guidedBytes <= memory.bytes
      && topology.isNarrow && edgeCount < UInt32.max
    let edges = edges
    var allCount = [Bool](repeating: false, count: edges.tileCount)
    var sums: SharedTable<Double>?
    let guided = try SharedTable(
      count: keepsAll ? edgeCount : 0, zero: mrs_guided_edge()
    ) { guided throws(SamplingError) in
      sums = try SharedTable(count: sumCount, zero: 0) { sums throws(SamplingError) in
        guard sumCount > 0 || keepsAll else { return }
        try allCount.withSharedBuffer { allCount throws(SamplingError) in
          try edges.forEachTile(
            pool, cancellation
          ) { [spacing] index, nodes throws(SamplingError) in
            var body = Adding(
              edges: edges, nodes: nodes, spacing: spacing, sums: sums, guided: guided)
            let counts = try edges.element.with(&body)
            allCount.withPart(index..<index + 1) { $0[0] = counts }
          }
        }
      }
    }
    self.sums = sums!
    self.guided = guided
    lines =
      keepsAll
      ? try DrawLines.make(
        guided, of: edges, memory: memory.bytes - sumCount * 8 - edgeCount * Self.guidedBytes,
        pool: pool, cancellation: cancellation) : nil
    everyEdgeCounts = stored?.everyEdgeCounts ?? allCount.allSatisfy { $0 }
  }

  /// Adds up the lists of a range of nodes, whose edges are consecutive.
  private struct Adding: EdgeValueBody {
    let edges: EdgeColumn
    let nodes: Range<Int>
    let spacing: Int
    let sums: SharedBuffer<Double>
    let guided: SharedBuffer<mrs_guided_edge>

    /// Returns whether every edge adds to its running sum.
    mutating func run<Value: EdgeValue>(_ type: Value.Type) throws(SamplingError) -> Bool {
      var everyEdgeCounts = true
      var reader = InEdgeReader(edges.topology)
      var lists: [EdgeList] = []
      try reader.readLists(of: nodes.map { NodeID(UInt64($0)) }, into: &lists)
      for place in 0..<nodes.count where lists[place].count > 0 {
        let list = lists[place]
        let destination = NodeID(UInt64(nodes.lowerBound + place))
        // SAFETY: the list is a node's, and not empty.
        let values = unsafe try edges.values(of: list, as: Value.self)
        let first = (Int(list.start) + spacing - 1) / spacing
        let count = Int(list.count)
        let end = (Int(list.start) + count + spacing - 1) / spacing
        var position = 0
        var sum = 0.0
        for kept in first...end {
          let next = min(count, kept * spacing - Int(list.start))
          while position < next {
            // SAFETY: the position is below the count.
            let weight = unsafe values.weight(position)
            guard weight >= 0, weight < .infinity else {
              throw edges.badWeight(weight, at: position, of: list, destination)
            }
            let before = sum
            sum += weight
            if sum == before { everyEdgeCounts = false }
            position += 1
          }
          // Where the list ends at the boundary, the sum there is the next list's.
          if position < count, sums.count > 0 {
            sums.withPart(kept..<kept + 1) { $0[0] = sum }
          }
        }
        guard sum < .infinity else { throw edges.sumOverflow(destination) }
        if guided.count > 0 {
          guided.withPart(Int(list.start)..<Int(list.start) + count) { part in
            unsafe Self.guide(values, total: sum, into: &part)
          }
        }
      }
      if guided.count > 0, !nodes.isEmpty {
        let last = lists[nodes.count - 1]
        try fillSources(of: lists[0].start..<last.start + last.count, &reader)
      }
      try edges.checkIntact()
      return everyEdgeCounts
    }

    /// Fills in the sums of one list and the guide through them.
    /// - Complexity: O(list).
    @unsafe private static func guide<Value: EdgeValue>(
      _ values: EdgeValues<Value>, total: Double, into part: inout MutableSpan<mrs_guided_edge>
    ) {
      let count = part.count
      var perTotal = total > 0 ? Double(count) / total : 0
      if perTotal == .infinity { perTotal = 0 }
      var (sum, guided) = (0.0, 0)
      for position in 0..<count {
        // SAFETY: the position is below the count.
        sum += unsafe values.weight(position)
        part[position].sum = sum
        let cell = Int(mrs_guided_cell(sum, perTotal, UInt32(count)))
        while guided <= cell {
          part[guided].guide = UInt32(position)
          guided += 1
        }
      }
    }

    /// Fills in the sources of consecutive edges.
    private func fillSources(
      of range: Range<UInt64>, _ reader: inout InEdgeReader
    ) throws(SamplingError) {
      var runs = SourceRuns(reader.topology)
      var rest = range
      while !rest.isEmpty {
        let read = try runs.read(rest, &reader)
        guided.withPart(Int(read.lowerBound)..<Int(read.upperBound)) { part in
          unsafe runs.withLast { sources in
            // SAFETY: there is a source for each edge that was read.
            for place in part.indices { part[place].source = unsafe sources[place] }
          }
        }
        rest = read.upperBound..<range.upperBound
      }
    }
  }
}

extension EdgeWeights {
  /// Whether a sum is kept in a list, before an edge of it that is not the first.
  @inline(__always)
  func hasKeptSum(in list: EdgeList) -> Bool {
    guard spacing > 0, list.count > 0 else { return false }
    let shift = UInt64(spacing.trailingZeroBitCount)
    return (list.start &+ list.count &- 1) &>> shift > list.start &>> shift
  }

  /// Where the kept sums of a list lie, from that of multiple 0 of the spacing on.
  /// - Precondition: One is kept in the list; ``EdgeColumn/checkIntact()`` is called after they were read.
  @unsafe @inline(__always)
  func keptSums(of list: EdgeList) throws(SamplingError) -> UnsafePointer<Double> {
    if sums.count > 0 { return unsafe sums.address! }
    return unsafe try edges.sums(of: list)
  }

  /// Lends the sums, and the weights where they are needed, to the kernel that draws edges; returns
  /// `nil` where it cannot draw from these weights.
  ///
  /// - Parameter lists: Those that the kernel reads.
  /// - Precondition: ``EdgeColumn/checkIntact()`` is called before what the kernel picks is trusted.
  @unsafe func withKernel<R>(
    _ lists: ArraySlice<EdgeList>, _ body: (UnsafePointer<mrs_weights>) -> R
  ) throws(SamplingError) -> R? {
    let topology = edges.topology
    let book = topology.store.book
    let edgeCount = book.edgeCount(of: topology.relation)
    guard spacing > 0, edgeCount < UInt32.max, topology.nodeCount <= 1 << 32 else { return nil }
    var kernel = unsafe mrs_weights()
    var bounds: [UInt64] = [0]
    var addresses: [UnsafeRawPointer?] = unsafe []
    var kept: [UnsafePointer<Double>?] = unsafe []
    if guided.count == 0 {
      guard !topology.isSplit else { return nil }
      switch edges.element {
      case .f32: unsafe kernel.kind = MRS_FLOAT_WEIGHTS
      case .f64: unsafe kernel.kind = MRS_DOUBLE_WEIGHTS
      default: return nil
      }
      try edges.verify(lists)
      for shard in 0..<book.shardCount {
        let part = unsafe edges.addresses(in: shard)
        unsafe addresses.append(part.values)
        unsafe kept.append(sums.count > 0 ? sums.address : part.sums)
        bounds.append(book.edges(of: topology.relation, in: ShardID(shard)).upperBound)
      }
    } else {
      unsafe kernel.kind = MRS_GUIDED_SUMS
    }
    unsafe kernel.shift = UInt32(spacing.trailingZeroBitCount)
    unsafe kernel.every_edge_counts = everyEdgeCounts ? 1 : 0
    return withExtendedLifetime(self) {
      unsafe addresses.withUnsafeBufferPointer { addresses in
        unsafe kept.withUnsafeBufferPointer { kept in
          unsafe bounds.withUnsafeBufferPointer { bounds in
            // SAFETY: all of them live until the body has returned.
            unsafe kernel.kept = kept.baseAddress
            unsafe kernel.guided = guided.count == 0 ? nil : guided.address
            unsafe kernel.sources = topology.flat?.low.baseAddress
            unsafe kernel.lines = UnsafeRawPointer(lines?.words.address)?.assumingMemoryBound(
              to: mrs_draw_line.self)
            unsafe kernel.weights = addresses.baseAddress
            unsafe kernel.bounds = bounds.baseAddress
            unsafe kernel.shards = addresses.count
            return unsafe body(&kernel)
          }
        }
      }
    }
  }
}

extension EdgeColumn {
  /// The error for a weight that is none, with raw ids.
  func badWeight(
    _ weight: Double, at position: Int, of list: EdgeList, _ destination: NodeID
  ) -> SamplingError {
    let edge = EdgeID(list.start + UInt64(position))
    var reader = InEdgeReader(topology)
    var sources: [NodeID] = []
    do throws(SamplingError) {
      try reader.readSources(of: [edge], into: &sources)
      return .badWeight(
        column: name, value: WeightValue(weight), edge: edge, source: try raw(sources[0], .source),
        destination: try raw(destination, .destination))
    } catch {
      return error
    }
  }

  /// The error for weights that are too large together.
  func sumOverflow(_ destination: NodeID) -> SamplingError {
    do throws(SamplingError) {
      return .weightSumOverflow(column: name, destination: try raw(destination, .destination))
    } catch {
      return error
    }
  }

  private func raw(_ node: NodeID, _ end: EdgeEnd) throws(SamplingError) -> RawID {
    do throws(StorageError) {
      return try topology.store.ids(topology.type(of: end)).raw(of: node)
    } catch {
      throw .storage(error)
    }
  }
}

/// A weight in an error: equal where the bits are, so that NaN equals itself.
package struct WeightValue: Equatable, Sendable, CustomStringConvertible {
  private let bits: UInt64

  package init(_ value: Double) { bits = value.bitPattern }

  package var description: String { "\(Double(bitPattern: bits))" }
}
