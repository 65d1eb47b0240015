import MerestoneCore

/// What `sample` drew, in the user's own ids.
protocol SampleAnswer {
  /// The documented keys that this answer has beside `scheme` and `seed`.
  var members: [JSON.Member] { get }

  var text: String { get }
}

/// Random walks.
struct WalkAnswer: SampleAnswer {
  var seeds: [RawID]
  var walks: [ArraySlice<RawID>]
  /// One per step; `nil` for a step back to the seed.
  var edges: [[EdgeID?]]

  init(_ walks: Walks, seeds: [RawID], raw: [RawID]) {
    self.seeds = seeds
    self.walks = (0..<walks.count).map { raw[walks.indptr[$0]..<walks.indptr[$0 + 1]] }
    edges = (0..<walks.count).map { walk in
      walks.edges(of: walk).map { $0 == Walks.returned ? nil : $0 }
    }
  }

  var members: [JSON.Member] {
    JSON.list([
      "seeds": .array(seeds.map(\.json)),
      "walks": .array(walks.map { .array($0.map(\.json)) }),
      "edgeIds": .array(
        edges.map { .array($0.map { edge in edge.map { .unsigned($0.rawValue) } ?? .null }) }),
    ])
  }

  var text: String {
    let steps = edges.reduce(0) { $0 + $1.count }
    let lines = SampleText.lines(Array(zip(walks, edges))) { walk, edges in
      var line = "\(walk.first!)"
      for (node, edge) in zip(walk.dropFirst(), edges).prefix(SampleText.shownSteps) {
        line += edge == nil ? ", again \(node)" : " <- \(node)"
      }
      let left = edges.count - SampleText.shownSteps
      return left > 0 ? line + " ... \(left.counted("step")) more" : line
    }
    return
      ([
        "\(seeds.count.counted("seed")): \(walks.count.counted("walk")), \(steps.counted("step"))",
        "",
      ] + lines).joined(separator: "\n")
  }
}

/// The most important nodes around each seed.
struct NeighborhoodAnswer: SampleAnswer {
  struct Neighborhood {
    var seed: RawID
    var nodes: ArraySlice<RawID>
    var weights: ArraySlice<Double>
  }

  var neighborhoods: [Neighborhood]

  init(_ found: Neighborhoods, seeds: [RawID], raw: [RawID]) {
    neighborhoods = seeds.enumerated().map { place, seed in
      let places = found.places(of: place)
      return Neighborhood(seed: seed, nodes: raw[places], weights: found.weights[places])
    }
  }

  var members: [JSON.Member] {
    JSON.list([
      "seeds": .array(neighborhoods.map(\.seed.json)),
      "neighborhoods": .array(
        neighborhoods.map {
          .object([
            "seed": $0.seed.json,
            "nodes": .array($0.nodes.map(\.json)),
            "weights": .array($0.weights.map { .number($0) }),
          ])
        }),
    ])
  }

  var text: String {
    let count = neighborhoods.reduce(0) { $0 + $1.nodes.count }
    let lines = SampleText.lines(neighborhoods) { found in
      let names = zip(found.nodes, found.weights).map { "\($0) (\($1.formatted(decimals: 4)))" }
      return "\(found.seed): \(SampleText.list(names))"
    }
    return
      ([
        "\(neighborhoods.count.counted("seed")): \(count.counted("neighbour"))", "",
      ] + lines).joined(separator: "\n")
  }
}

/// Pairs of nodes that serve as examples of what is no edge.
struct NegativeAnswer: SampleAnswer {
  typealias Pair = (source: RawID, destination: RawID)

  var edges: [Pair]
  var count: Int
  var negatives: [Pair]
  var trueEdges: [Int]

  var members: [JSON.Member] {
    JSON.list([
      "edges": .array(edges.map(Self.json)),
      "count": .integer(count),
      "negatives": .array(negatives.map(Self.json)),
      "trueEdges": .array(trueEdges.map { .integer($0) }),
    ])
  }

  private static func json(_ pair: Pair) -> JSON {
    .array([pair.source.json, pair.destination.json])
  }

  var text: String {
    let lines = SampleText.lines(Array(edges.enumerated())) { place, edge in
      let drawn = negatives[place * count..<(place + 1) * count]
      if drawn.isEmpty { return "\(edge.source) -> \(edge.destination)" }
      return "\(edge.source) -> \(edge.destination), not: "
        + SampleText.list(drawn.map { "\($0.source) -> \($0.destination)" })
    }
    let kept =
      trueEdges.isEmpty
      ? "" : "; \(trueEdges.count.grouped) could not be drawn anew and are edges: --json says which"
    return
      ([
        "\(edges.count.counted("edge")): \(negatives.count.counted("negative"))\(kept)", "",
      ] + lines).joined(separator: "\n")
  }
}

/// Lists that a terminal has room for.
enum SampleText {
  static let shownLines = 20
  static let shownItems = 10
  static let shownSteps = 40

  /// A line for each of the first items, and one that counts the others.
  static func lines<Item>(_ items: [Item], _ line: (Item) -> String) -> [String] {
    var lines = items.prefix(shownLines).map { "  " + line($0) }
    if items.count > shownLines {
      lines.append("  ... \((items.count - shownLines).grouped) more: --json")
    }
    return lines
  }

  /// The first items in one line, and how many there are beside them.
  static func list(_ items: [String]) -> String {
    if items.isEmpty { return "nobody" }
    let rest = items.count > shownItems ? ", ... \(items.count - shownItems) more" : ""
    return items.prefix(shownItems).joined(separator: ", ") + rest
  }
}
