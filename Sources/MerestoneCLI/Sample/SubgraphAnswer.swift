import MerestoneCore

/// Subgraphs with all edges among their nodes: one, or one for each seed.
struct SubgraphAnswer: SampleAnswer {
  struct Part {
    var nodes: [RawID]
    /// The in-neighbours of each node, as positions in ``nodes``.
    var lists: [ArraySlice<BlockIndex>]
    var edges: [EdgeID]

    init(_ graph: LocalSubgraph, raw: [RawID]) {
      nodes = raw
      lists = raw.indices.map { graph.indices[graph.indptr[$0]..<graph.indptr[$0 + 1]] }
      edges = graph.edges
    }
  }

  /// What the subgraph was asked by, such as seeds or shards.
  var origin: [JSON.Member] = []
  /// One; or one for each of ``seeds``.
  var parts: [Part]
  var seeds: [RawID]?
  var coefficients: (nodes: [Double], edges: [Double])?
}

extension SubgraphAnswer {
  var members: [JSON.Member] {
    if let seeds {
      return [
        JSON.Member(key: "seeds", value: .array(seeds.map(\.json))),
        JSON.Member(key: "subgraphs", value: .array(parts.map { .members($0.members) })),
      ]
    }
    var members = origin + parts[0].members
    if let coefficients {
      for (key, values) in [
        ("nodeNormalization", coefficients.nodes), ("edgeNormalization", coefficients.edges),
      ] {
        members.append(JSON.Member(key: key, value: .array(values.map { .number($0) })))
      }
    }
    return members
  }

  var text: String {
    if let seeds {
      let sections = zip(seeds, parts).prefix(SampleText.shownLines).map { seed, part in
        (["around \(seed): \(part.size)"] + part.lines).joined(separator: "\n")
      }
      let left = parts.count - sections.count
      return
        (["\(seeds.count.counted("seed"))"] + sections
        + (left > 0 ? ["... \(left.counted("subgraph")) more: --json"] : []))
        .joined(separator: "\n\n")
    }
    return ([parts[0].size, ""] + parts[0].lines).joined(separator: "\n")
  }
}

extension SubgraphAnswer.Part {
  var members: [JSON.Member] {
    var pairs: [JSON] = []
    for (destination, list) in zip(nodes, lists) {
      for source in list {
        pairs.append(.array([nodes[Int(source.rawValue)].json, destination.json]))
      }
    }
    return [
      JSON.Member(key: "nodes", value: .array(nodes.map(\.json))),
      JSON.Member(key: "edges", value: .array(pairs)),
      JSON.Member(key: "edgeIds", value: .array(edges.map { .unsigned($0.rawValue) })),
    ]
  }

  var size: String { "\(nodes.count.counted("node")), \(edges.count.counted("edge"))" }

  var lines: [String] {
    SampleText.lines(Array(zip(nodes, lists))) { node, list in
      "\(node) <- \(SampleText.list(list.map { nodes[Int($0.rawValue)].description }))"
    }
  }
}
