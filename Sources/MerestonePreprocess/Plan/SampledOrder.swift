import MerestoneCore
import MerestonePartition

/// Sampled edges under the global ids that their nodes would have, made as those of the graph are: by
/// the same partitioner and order, over the edges that were kept.
///
/// What follows clusters cannot be guessed from degrees; whole lists have the clusters of the graph.
struct SampledOrder {
  /// (destination, source), ascending, spread over the nodes of the graph.
  let keys: [UInt64]
  /// What `auto` stands for.
  let ordering: NodeOrdering

  /// - Parameter degree: The in-edges that were seen of an id.
  /// - Returns: nil where the nodes cannot be cut into so many shards, or `cancellation` is set.
  /// - Complexity: 60 bytes per edge.
  init?(
    of edges: [EdgeSample.Edge], nodes: Int, options: PartitionOptions, pool: ThreadPool,
    cancellation: Cancellation, degree: (UInt64) -> UInt32
  ) {
    var ids = edges.map(\.source) + edges.map(\.destination)
    ids.sort()
    var count = 0
    for place in ids.indices where place == 0 || ids[place] != ids[place - 1] {
      ids[count] = ids[place]
      count += 1
    }
    ids.removeSubrange(count...)
    let sources = edges.map { Self.place(of: $0.source, in: ids) }
    let destinations = edges.map { Self.place(of: $0.destination, in: ids) }
    let neighbors = InMemoryNeighbors(
      nodeCount: count, sources: sources, destinations: destinations)
    var options = options
    // Its cut is better, its time is not that of a look.
    if options.partitioner == .multilevel { options.partitioner = .ldg }
    guard
      let made = try? OrderedPartition(
        neighbors: neighbors, inDegrees: ids.map(degree), options: options, pool: pool,
        cancellation: cancellation)
    else { return nil }
    let scale = Double(max(nodes, count)) / Double(max(count, 1))
    func rank(_ place: UInt32) -> UInt64 { UInt64(Double(made.order.globals[Int(place)]) * scale) }
    ordering = made.ordering
    keys = edges.indices.map { rank(destinations[$0]) << 32 | rank(sources[$0]) }.sorted()
  }

  private static func place(of id: UInt64, in ids: [UInt64]) -> UInt32 {
    var (lower, upper) = (0, ids.count)
    while lower < upper {
      let middle = (lower + upper) / 2
      if ids[middle] < id { lower = middle + 1 } else { upper = middle }
    }
    return UInt32(lower)
  }
}
