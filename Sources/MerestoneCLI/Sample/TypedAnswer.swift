import MerestoneCore
import MerestoneStorage

/// The blocks of a neighbourhood over several relations, in the user's own ids.
struct TypedAnswer: SampleAnswer {
  struct Hop {
    /// By type, in the order of the manifest.
    var destinations: [ArraySlice<RawID>]
    var sources: [ArraySlice<RawID>]
    var relations: [Edges]
    /// By type; empty where the sample is not temporal.
    var sourceTimes: [[Int64]]
  }

  struct Edges {
    var entry: RelationEntry
    /// The in-neighbours of each destination, as positions among the sources.
    var lists: [ArraySlice<BlockIndex>]
    var ids: [EdgeID]
    /// One per edge, or empty.
    var weights: [Float]
  }

  var types: [String]
  var fanouts: [(name: String, fanouts: [Int])]
  var seeds: [RawID]
  var nodes: [[RawID]]
  var hops: [Hop]

  /// - Parameter raw: The raw ids of nodes of a type, in their order.
  init(
    _ batch: TypedMiniBatch, of manifest: GraphManifest,
    fanouts: [(name: String, fanouts: [Int])], raw: ([NodeID], NodeTypeID) throws -> [RawID]
  ) rethrows {
    types = manifest.nodeTypes.map(\.name)
    self.fanouts = fanouts
    let nodes = try batch.nodes.enumerated().map { type, nodes in
      try raw(nodes, NodeTypeID(type))
    }
    self.nodes = nodes
    seeds = zip(batch.seeds, batch.seedIndices).map { seed, index in
      nodes[seed.type.rawValue][Int(index.rawValue)]
    }
    hops = batch.blocks.map { block in
      Hop(
        destinations: nodes.indices.map { nodes[$0][..<block.destinationCounts[$0]] },
        sources: nodes.indices.map { nodes[$0][..<block.sources[$0].count] },
        relations: block.relations.map { edges in
          Edges(
            entry: manifest.relations[edges.relation.rawValue],
            lists: (0..<edges.indptr.count - 1).map {
              edges.indices[edges.indptr[$0]..<edges.indptr[$0 + 1]]
            }, ids: edges.edges, weights: edges.weights)
        }, sourceTimes: block.sourceTimes)
    }
  }
}

extension TypedAnswer {
  var members: [JSON.Member] {
    [
      JSON.Member(
        key: "fanouts",
        value: .members(
          fanouts.map {
            JSON.Member(key: $0.name, value: .array($0.fanouts.map { .integer($0) }))
          }))
    ]
      + JSON.list([
        "seeds": .array(seeds.map(\.json)),
        "nodes": byType(nodes.map { $0[...] }),
        "blocks": .array(hops.map(json)),
      ])
  }

  /// An object with a list for each type that has nodes.
  private func byType(_ nodes: [ArraySlice<RawID>]) -> JSON {
    byType(nodes.map { $0.map(\.json) })
  }

  private func byType(_ lists: [[JSON]]) -> JSON {
    .members(
      zip(types, lists).filter { !$0.1.isEmpty }.map {
        JSON.Member(key: $0, value: .array($1))
      })
  }

  private func json(_ hop: Hop) -> JSON {
    var members = JSON.list([
      "destinations": byType(hop.destinations),
      "sources": byType(hop.sources),
      "relations": .array(hop.relations.map { json($0, hop) }),
    ])
    if !hop.sourceTimes.isEmpty {
      let times = byType(hop.sourceTimes.map { $0.map { JSON.integer(Int($0)) } })
      members.append(JSON.Member(key: "sourceTimes", value: times))
    }
    return .members(members)
  }

  private func json(_ edges: Edges, _ hop: Hop) -> JSON {
    var members = JSON.list([
      "relation": .string(edges.entry.name),
      "source": .string(types[edges.entry.sourceType]),
      "destination": .string(types[edges.entry.destinationType]),
      "edges": .array(
        pairs(edges, hop).map { .array([$0.source.json, $0.destination.json]) }),
      "edgeIds": .array(edges.ids.map { .unsigned($0.rawValue) }),
    ])
    if !edges.weights.isEmpty {
      let weights = JSON.array(edges.weights.map { .number(Double($0)) })
      members.append(JSON.Member(key: "weights", value: weights))
    }
    return .members(members)
  }

  private func pairs(_ edges: Edges, _ hop: Hop) -> [(source: RawID, destination: RawID)] {
    let sources = hop.sources[edges.entry.sourceType]
    return zip(hop.destinations[edges.entry.destinationType], edges.lists).flatMap { node, list in
      list.map { (source: sources[Int($0.rawValue)], destination: node) }
    }
  }

  var text: String {
    let nodeCount = nodes.reduce(0) { $0 + $1.count }
    let edgeCount = hops.reduce(0) { $0 + $1.relations.reduce(0) { $0 + $1.ids.count } }
    var lines = [
      "\(seeds.count.counted("seed")): \(nodeCount.counted("node")), "
        + edgeCount.counted("edge")
    ]
    for (number, hop) in hops.enumerated() {
      lines += ["", "hop \(number + 1)"]
      for edges in hop.relations {
        let (source, destination) = (edges.entry.sourceType, edges.entry.destinationType)
        let nodes = hop.destinations[destination]
        if nodes.isEmpty { continue }
        lines.append(
          "  \(types[source]) -\(edges.entry.name)-> \(types[destination]): "
            + "\(edges.ids.count.counted("edge")) into \(nodes.count.counted("node"))")
        let sources = hop.sources[source]
        lines += SampleText.lines(Array(zip(nodes, edges.lists))) { node, list in
          "  \(node) <- \(SampleText.list(list.map { sources[Int($0.rawValue)].description }))"
        }
      }
    }
    return lines.joined(separator: "\n")
  }
}
