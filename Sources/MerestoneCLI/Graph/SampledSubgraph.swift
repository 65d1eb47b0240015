import MerestoneCore

/// A sampled mini-batch in the user's own ids, as `sample` prints it.
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

extension SampledSubgraph {
  /// The documented keys, and how the sample was drawn.
  func json(fanouts: [Int], seed: UInt64) -> JSON {
    .object([
      "fanouts": .array(fanouts.map { .integer($0) }),
      "seed": .unsigned(seed),
      "seeds": .array(seeds.map(\.json)),
      "nodes": .array(nodes.map(\.json)),
      "blocks": .array(hops.map(\.json)),
    ])
  }

  func text(fanouts: [Int]) -> String {
    let list = fanouts.map { $0 == -1 ? "all" : "\($0)" }.joined(separator: ",")
    var lines = [
      "\(seeds.count.counted("seed")), fanouts \(list): "
        + "\(nodes.count.counted("node")), \(edgeCount.counted("edge"))"
    ]
    for (number, hop) in hops.enumerated() {
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
    let shownNodes = 20
    let shownSources = 10
    var lines = zip(destinations, lists).prefix(shownNodes).map { destination, list in
      var names = list.prefix(shownSources).map { sources[Int($0.rawValue)].description }
      if list.count > shownSources { names.append("... \(list.count - shownSources) more") }
      return "  \(destination) <- \(names.isEmpty ? "nobody" : names.joined(separator: ", "))"
    }
    if destinations.count > shownNodes {
      lines.append("  ... \((destinations.count - shownNodes).counted("node")) more: --json")
    }
    return lines
  }
}
