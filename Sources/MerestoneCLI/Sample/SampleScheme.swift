import ArgumentParser
import MerestoneCore

/// What `sample` can draw, by the names that the command line has for it.
enum SampleScheme: String, CaseIterable {
  // Blocks, hop by hop.
  case uniform, replacement, weighted
  case weightedReplacement = "weighted-replacement"
  case top, temporal, recent, labor
  case laborStar = "labor-star"

  // Walks, and the most important nodes around each seed.
  case walk, node2vec
  case pinSAGE = "pinsage"
  case pageRank = "pagerank"

  // Subgraphs with all edges among their nodes.
  case induced, ego, shadow
  case saintNode = "saint-node"
  case saintEdge = "saint-edge"
  case saintWalk = "saint-walk"
  case cluster

  case negatives

  init(parsing name: String) throws {
    if let scheme = Self(rawValue: name) {
      self = scheme
      return
    }
    let names = Self.allCases.map(\.rawValue)
    throw ValidationError(
      NearestName.of(name, among: names).map { "there is no such scheme; did you mean '\($0)'?" }
        ?? "there is no such scheme; choose one of \(names.joined(separator: ", ")).")
  }
}

/// A flag of `sample` that some schemes use and others do not.
enum SampleFlag: String, CaseIterable {
  case seeds
  case idsFile = "ids-file"
  case seedEdges = "seed-edges"
  case edgesFile = "edges-file"
  case edgeIDs = "edge-ids"
  case type, exclude, fanouts, hops, weight, time
  case seedTimes = "seed-times"
  case count, walks, length, restart, p, q, alpha, epsilon, trials, step, epoch, law, replace
  case keepTrueEdges = "keep-true-edges"

  var spelling: String { "--\(rawValue)" }

  static let nodes: [Self] = [.seeds, .idsFile]
  static let edges: [Self] = [.seedEdges, .edgesFile, .edgeIDs]
}

extension SampleScheme {
  /// The flags that the scheme cannot do without: one of each list.
  var neededFlags: [[SampleFlag]] {
    let nodes = SampleFlag.nodes
    return switch self {
    case .uniform: [nodes + SampleFlag.edges, [.fanouts]]
    case .replacement, .labor, .laborStar: [nodes, [.fanouts]]
    case .weighted, .weightedReplacement, .top: [nodes, [.fanouts], [.weight]]
    case .temporal, .recent: [nodes, [.fanouts], [.time], [.seedTimes]]
    case .walk, .node2vec: [nodes, [.length]]
    case .pinSAGE, .pageRank: [nodes, [.count]]
    case .induced: [nodes]
    case .ego: [nodes, [.hops, .fanouts]]
    case .shadow: [nodes, [.fanouts, .count]]
    case .saintNode, .saintEdge, .cluster: [[.count]]
    case .saintWalk: [[.count], [.length]]
    case .negatives: [SampleFlag.edges]
    }
  }

  /// The flags that it may have beside those.
  var furtherFlags: [SampleFlag] {
    switch self {
    case .uniform: [.type, .exclude]
    case .walk: [.type, .walks, .restart]
    case .node2vec: [.type, .walks, .p, .q]
    case .pinSAGE: [.type, .walks, .length, .restart]
    case .pageRank, .shadow: [.type, .alpha, .epsilon]
    case .saintNode: [.type, .step, .epoch]
    case .saintEdge, .saintWalk: [.type, .trials, .step, .epoch]
    case .cluster: [.type, .step, .epoch]
    case .negatives: [.count, .law, .replace, .keepTrueEdges]
    default: [.type]
    }
  }

  /// Whether it draws neighbourhoods hop by hop, of one relation or several.
  var givesBlocks: Bool {
    switch self {
    case .uniform, .replacement, .weighted, .weightedReplacement, .top, .temporal, .recent, .labor,
      .laborStar:
      true
    default: false
    }
  }

  func uses(_ flag: SampleFlag) -> Bool {
    furtherFlags.contains(flag) || neededFlags.contains { $0.contains(flag) }
  }

  /// Flags of which there may be one.
  private static let alternatives: [[SampleFlag]] = [
    SampleFlag.nodes, SampleFlag.edges, [.hops, .fanouts], [.fanouts, .count],
  ]

  /// - Parameter given: The flags on the command line.
  /// - Throws: An error that names the flag and the mend.
  func check(_ given: [SampleFlag]) throws {
    for flag in given where !uses(flag) {
      let users = Self.allCases.filter { $0.uses(flag) }.map(\.rawValue)
      throw ValidationError(
        "\(flag.spelling) needs --scheme \(users.alternatives); \(rawValue) does not use it.")
    }
    for flags in neededFlags where !flags.contains(where: given.contains) {
      throw ValidationError(
        "--scheme \(rawValue) needs \(flags.map(\.spelling).alternatives).")
    }
    for flags in Self.alternatives where flags.filter(given.contains).count > 1 {
      throw ValidationError("Give either \(flags.map(\.spelling).alternatives), not several.")
    }
    if given.contains(.exclude), !SampleFlag.edges.contains(where: given.contains) {
      throw ValidationError("--exclude needs \(SampleFlag.edges.map(\.spelling).alternatives).")
    }
    if self == .shadow, given.contains(.fanouts),
      let flag = given.first(where: { $0 == .alpha || $0 == .epsilon })
    {
      throw ValidationError(
        "\(flag.spelling) needs --count: with --fanouts, hops are sampled and nothing is ranked.")
    }
  }
}

extension [String] {
  /// `a`, `a or b`, `a, b or c`.
  var alternatives: String {
    guard count > 1, let last else { return first ?? "" }
    return "\(dropLast().joined(separator: ", ")) or \(last)"
  }
}
