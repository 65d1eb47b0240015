import MerestoneCore
import MerestoneIngest
import MerestonePartition
import MerestoneStorage

/// The lists that an ``EdgeSample`` kept, as they would be stored.
struct ListSample {
  /// Edges in the graph for each edge of the input: reverse edges counted, dropped ones not.
  let storedPerEdge: Double
  /// What `auto` stands for.
  let ordering: NodeOrdering
  /// (destination, source), by ranks, ascending.
  private let keys: [UInt64]
  private let idBytes: Int
  /// Edges that were seen of all.
  private let share: Double

  /// From what share of the input on it counts as seen whole.
  private static let whole = 0.9

  /// - Parameters:
  ///   - total: Edges of the whole input.
  ///   - nodes: Nodes of the graph.
  ///   - dropsDuplicates: Whether of edges with the same ends one stays.
  ///   - pool: For an order that clusters, of an input that was seen whole; without, such an order
  ///     is taken to save nothing.
  init(
    _ sample: EdgeSample, total: Int, nodes: Int, options: PartitionOptions,
    dropsDuplicates: Bool, tryingOrders pool: ThreadPool?, cancellation: Cancellation
  ) {
    share = Double(sample.edges) / Double(max(total, 1))
    idBytes = max(1, (71 - UInt64(max(nodes - 1, 0)).leadingZeroBitCount) / 8)
    let isWhole = share >= Self.whole
    // Of what was seen in part, most edges are taken to be new ones: the larger result is the safer one.
    func settled(_ edges: [EdgeSample.Edge]) -> [EdgeSample.Edge] {
      isWhole && dropsDuplicates ? Array(Set(edges)) : edges
    }
    var (lists, back) = (settled(sample.kept), settled(sample.reversed))
    var stored = Double(lists.count)
    if isWhole, sample.isUndirected {
      let (known, reversed) = (Set(lists), Set(back))
      stored += Double(lists.count { !reversed.contains($0) && $0.source != $0.destination })
      back.removeAll(where: known.contains)
    } else if sample.isUndirected {
      stored *= 2
    }
    lists += back
    storedPerEdge = sample.kept.isEmpty ? 1 : stored / Double(sample.kept.count)
    var options = options
    if options.ordering == .auto,
      Double(total) * storedPerEdge > Double(PartitionOptions.autoEdgeLimit)
    {
      options.ordering = .degree
    }
    if let pool, isWhole, options.needsNeighbors,
      let order = SampledOrder(
        of: lists, nodes: nodes, options: options, pool: pool, cancellation: cancellation,
        degree: { sample.inDegrees[sample.place(of: $0)] })
    {
      keys = order.keys
      ordering = order.ordering
    } else {
      ordering = options.ordering.resolved
      let ranks = Ranks(sample, nodes: nodes, options: options)
      keys = lists.map { ranks.rank(of: $0.destination) << 32 | ranks.rank(of: $0.source) }.sorted()
    }
  }

  /// Bits that an edge takes in the store's pages, found by encoding the edges that were kept.
  ///
  /// Lists of which only a part was seen compress less; what they lose by halving says what they
  /// would gain by doubling.
  func bitsPerEdge(_ pageFormat: PageFormat) -> Double {
    let bits = Self.bits(keys, idBytes, pageFormat)
    guard share < Self.whole, keys.count > 4 * PageCodec.edges else { return bits }
    var half: [UInt64] = []
    for (place, key) in keys.enumerated()
    where RawIDHash.mix(key &+ UInt64(place)) & 1 == 0 { half.append(key) }
    let slope = max(0, Self.bits(half, idBytes, pageFormat) - bits)
    var (result, left) = (bits, 1 / share)
    while left > 1 {
      result -= slope * min(1, left - 1)
      left /= 2
    }
    return max(result, bits / 3)
  }

  private static func bits(
    _ keys: [UInt64], _ idBytes: Int, _ pageFormat: PageFormat
  ) -> Double {
    guard !keys.isEmpty else { return 0 }
    let sources = keys.map { $0 & 0xffff_ffff }
    let bytes =
      switch pageFormat {
      case .lz4: PageCodec.measure(sources.span, idBytes: idBytes)
      case .packed: PackedPage.measure(sources.span)
      }
    return Double(8 * bytes) / Double(keys.count)
  }

  /// What the global id of a node is, about.
  private struct Ranks {
    let sample: EdgeSample
    /// Counters with more in-edges than a count, as a share of all.
    private var heavier: [Double]
    private let nodes: Double
    private let shards: UInt64
    private let isByDegree: Bool

    private static let degrees = 1 << 16

    init(_ sample: EdgeSample, nodes: Int, options: PartitionOptions) {
      self.sample = sample
      self.nodes = Double(max(nodes, 1))
      // Range cuts the order itself, so that shards do not change it.
      shards = options.partitioner == .range ? 1 : UInt64(max(1, options.shards))
      isByDegree = options.ordering.resolved == .degree
      heavier = [Double](repeating: 0, count: Self.degrees + 1)
      var used = 0.0
      for count in sample.inDegrees where count > 0 {
        heavier[Int(min(count, UInt32(Self.degrees - 1)))] += 1
        used += 1
      }
      // Nodes without in-edges come last.
      let unused = max(0, self.nodes - used)
      heavier[0] = unused
      var sum = 0.0
      for degree in stride(from: Self.degrees, through: 0, by: -1) {
        let count = heavier[degree]
        heavier[degree] = sum
        sum += count
      }
      for degree in heavier.indices { heavier[degree] /= max(sum, 1) }
    }

    func rank(of id: UInt64) -> UInt64 {
      let place = sample.place(of: id)
      // Ties by id, or by first appearance, which knows no order.
      let isDense = id < UInt64(sample.inDegrees.count)
      let tie =
        isDense
        ? Double(id) / Double(min(sample.largest, UInt64(sample.inDegrees.count)) + 1)
        : Double(RawIDHash.mix(id) >> 11) * 0x1p-53
      var share =
        sample.kind == .integer && !isByDegree
        ? Double(id) / Double(sample.largest + 1)
        : tie
      if isByDegree {
        let degree = Int(min(sample.inDegrees[place], UInt32(Self.degrees - 1)))
        let lower = heavier[degree]
        let upper = degree == 0 ? 1 : heavier[degree - 1]
        share = lower + (upper - lower) * tie
      }
      let shard = shards == 1 ? 0 : RawIDHash.mix(id ^ 0x5bd1) % shards
      let width = nodes / Double(shards)
      return UInt64(min(Double(shard) * width + share * width, Double(UInt32.max - 1)))
    }
  }
}
