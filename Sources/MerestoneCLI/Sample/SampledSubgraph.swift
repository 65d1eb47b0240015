import MerestoneCore

/// A sampled mini-batch in the user's own ids.
struct SampledSubgraph {
  struct Hop {
    var sources: [RawID]
    var destinations: ArraySlice<RawID>
    /// The in-neighbours of each destination, as positions in ``sources``.
    var lists: [ArraySlice<BlockIndex>]
    var edges: [EdgeID]
    /// One per edge, or empty.
    var weights: [Float]
    /// One per source, or empty.
    var sourceTimes: [Int64]
  }

  var seeds: [RawID]
  /// All nodes, the seeds first.
  var nodes: [RawID]
  var hops: [Hop]

  /// - Parameter raw: The raw ids of nodes, in their order.
  init(
    _ batch: MiniBatch, raw: ([NodeID]) throws -> [RawID]
  ) rethrows {
    // The sources of a hop begin with the nodes of the hop before, so the last hop has them all.
    let nodes = try raw(batch.inputNodes)
    self.nodes = nodes
    seeds = batch.seedIndices.map { nodes[Int($0.rawValue)] }
    hops = batch.blocks.map { block in
      Hop(
        sources: Array(nodes[..<block.sourceCount]),
        destinations: nodes[..<block.destinationCount],
        lists: (0..<block.destinationCount).map {
          block.indices[block.indptr[$0]..<block.indptr[$0 + 1]]
        },
        edges: block.edges, weights: block.weights, sourceTimes: block.sourceTimes)
    }
  }

  var edgeCount: Int { hops.reduce(0) { $0 + $1.edges.count } }
}

/// The blocks of a sampled neighbourhood.
struct BlockAnswer: SampleAnswer {
  /// The edges around which the sample was drawn; the subgraph's seeds are their sources, then their
  /// destinations, then further nodes.
  struct SeedEdges {
    var edges: [EdgeID]
    /// Which edges counted as not there.
    var exclusion: String
  }

  var subgraph: SampledSubgraph
  var fanouts: [Int]
  var seedEdges: SeedEdges?

  var members: [JSON.Member] {
    var members = JSON.list(["fanouts": .array(fanouts.map { .integer($0) })])
    if let seedEdges {
      let count = seedEdges.edges.count
      let pairs = zip(subgraph.seeds[..<count], subgraph.seeds[count..<2 * count])
      members += JSON.list([
        "exclude": .string(seedEdges.exclusion),
        "seedEdges": .array(pairs.map { .array([$0.json, $1.json]) }),
        "seedEdgeIds": .array(seedEdges.edges.map { .unsigned($0.rawValue) }),
      ])
    }
    return members
      + JSON.list([
        "seeds": .array(subgraph.seeds.map(\.json)),
        "nodes": .array(subgraph.nodes.map(\.json)),
        "blocks": .array(subgraph.hops.map(\.json)),
      ])
  }

  var text: String {
    let list = fanouts.map { $0 == -1 ? "all" : "\($0)" }.joined(separator: ",")
    let origin =
      seedEdges.map { "\($0.edges.count.counted("seed edge"))" }
      ?? subgraph.seeds.count.counted("seed")
    var lines = [
      "\(origin), fanouts \(list): \(subgraph.nodes.count.counted("node")), "
        + subgraph.edgeCount.counted("edge")
    ]
    for (number, hop) in subgraph.hops.enumerated() {
      lines.append("")
      lines.append(
        "hop \(number + 1): \(hop.edges.count.counted("edge")) into "
          + hop.destinations.count.counted("node"))
      lines += hop.lines
    }
    return lines.joined(separator: "\n")
  }
}

extension SampledSubgraph.Hop {
  fileprivate var json: JSON {
    var pairs: [JSON] = []
    for (destination, list) in zip(destinations, lists) {
      for source in list {
        pairs.append(.array([sources[Int(source.rawValue)].json, destination.json]))
      }
    }
    var members: [JSON.Member] = []
    func add(_ key: String, _ value: JSON) {
      members.append(JSON.Member(key: key, value: value))
    }
    add("destinations", .array(destinations.map(\.json)))
    add("sources", .array(sources.map(\.json)))
    add("edges", .array(pairs))
    add("edgeIds", .array(edges.map { .unsigned($0.rawValue) }))
    if !weights.isEmpty { add("weights", .array(weights.map { .number(Double($0)) })) }
    if !sourceTimes.isEmpty {
      add("sourceTimes", .array(sourceTimes.map { .integer(Int($0)) }))
    }
    return .members(members)
  }

  /// One line per destination, the longer ones and the later ones cut short.
  fileprivate var lines: [String] {
    SampleText.lines(Array(zip(destinations, lists))) { destination, list in
      "\(destination) <- \(SampleText.list(list.map { sources[Int($0.rawValue)].description }))"
    }
  }
}
