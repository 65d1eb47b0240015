import ArgumentParser
import MerestoneCore
import MerestoneSampling
import MerestoneStorage

/// The flags that name edges.
struct EdgeSelection: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Edges by the raw ids of their ends, source first, separated by commas; a pair stands for "
        + "all its parallel edges.", valueName: "a:b,..."))
  var seedEdges: String?

  @Option(
    help: ArgumentHelp(
      "A file with one edge per line: source and destination, separated by a tab or a blank; - "
        + "reads standard input.", valueName: "file"))
  var edgesFile: String?

  @Option(
    help: ArgumentHelp("Edges by their ids, separated by commas.", valueName: "id,..."))
  var edgeIds: String?

  var given: [SampleFlag] {
    (seedEdges == nil ? [] : [.seedEdges]) + (edgesFile == nil ? [] : [.edgesFile])
      + (edgeIds == nil ? [] : [.edgeIDs])
  }

  /// What the flags name: pairs of nodes, which need not be edges, or edges.
  enum Choice {
    case pairs(sources: [NodeID], destinations: [NodeID])
    case edges([EdgeID])
  }

  /// - Throws: ``CommandError/unknownID(id:type:graph:)`` for an id that no node has, and
  ///   ``CommandError/usage(_:)`` for what is no list of edges.
  func read(_ relation: SampledRelation) throws -> Choice {
    if let edgeIds { return .edges(try edges(edgeIds, relation)) }
    let pairs: [(source: String, destination: String)]
    let flag: String
    if let edgesFile {
      flag = edgesFile
      pairs = try Self.pairs(inFile: edgesFile)
    } else {
      flag = "--seed-edges"
      pairs = try Self.pairs(in: seedEdges ?? "")
    }
    guard !pairs.isEmpty else {
      throw CommandError.usage("\(flag) names no edge; give at least one")
    }
    return .pairs(
      sources: try NodeSelection.nodes(
        pairs.map(\.source), flag: flag, of: relation.store, type: relation.sourceType),
      destinations: try NodeSelection.nodes(
        pairs.map(\.destination), flag: flag, of: relation.store, type: relation.destinationType))
  }

  /// All edges of the graph that the flags name, parallel ones each.
  ///
  /// - Throws: ``CommandError/unknownEdge(source:destination:isReversed:graph:)`` for a pair that
  ///   has none.
  func readEdges(_ relation: SampledRelation) throws -> [EdgeID] {
    switch try read(relation) {
    case .edges(let edges): return edges
    case .pairs(let sources, let destinations):
      var finder = EdgeFinder(relation.topology)
      var found: [EdgeList] = []
      try finder.find(sources, destinations, into: &found)
      var edges: [EdgeID] = []
      for (place, run) in found.enumerated() {
        if run.count == 0 {
          throw try missing(sources[place], destinations[place], &finder, relation)
        }
        for edge in run.range { edges.append(EdgeID(edge)) }
      }
      return edges
    }
  }

  private func missing(
    _ source: NodeID, _ destination: NodeID, _ finder: inout EdgeFinder,
    _ relation: SampledRelation
  ) throws -> CommandError {
    var isReversed = false
    if relation.sourceType == relation.destinationType {
      var back: [EdgeList] = []
      try finder.find([destination], [source], into: &back)
      isReversed = back[0].count > 0
    }
    return .unknownEdge(
      source: "\(try relation.raw([source], .source)[0])",
      destination: "\(try relation.raw([destination], .destination)[0])", isReversed: isReversed,
      graph: relation.store.path)
  }

  private func edges(
    _ list: String, _ relation: SampledRelation
  ) throws(CommandError) -> [EdgeID] {
    let count = relation.store.book.edgeCount(of: relation.topology.relation)
    var edges: [EdgeID] = []
    for word in NodeSelection.words(in: list) {
      guard let value = UInt64(word), value < UInt64(count) else {
        throw .usage(
          "--edge-ids: '\(word)' is not the id of an edge; \(relation.store.path) has "
            + (count == 0 ? "none" : "0 to \(count - 1)"))
      }
      edges.append(EdgeID(value))
    }
    guard !edges.isEmpty else {
      throw .usage("--edge-ids names no edge; give at least one")
    }
    return edges
  }

  private static func pairs(
    in list: String
  ) throws(CommandError) -> [(source: String, destination: String)] {
    var pairs: [(source: String, destination: String)] = []
    for word in NodeSelection.words(in: list) {
      let ends = word.split(separator: ":", omittingEmptySubsequences: false)
      guard ends.count == 2, !ends[0].isEmpty, !ends[1].isEmpty else {
        throw .usage(
          "--seed-edges: '\(word)' is not an edge; write source:destination, such as 3:7, or use "
            + "--edges-file where ids have colons or commas")
      }
      pairs.append((String(ends[0]), String(ends[1])))
    }
    return pairs
  }

  /// Empty lines and `#` comments are skipped; blanks separate where a line has no tab.
  private static func pairs(
    inFile path: String
  ) throws(CommandError) -> [(source: String, destination: String)] {
    var pairs: [(source: String, destination: String)] = []
    for (number, line) in try InputText.lines(of: path).enumerated() {
      let text = line.trimming(while: { $0 == " " || $0 == "\t" })
      guard !text.isEmpty, !text.hasPrefix("#") else { continue }
      let separator: Character = text.contains("\t") ? "\t" : " "
      let ends = text.split(separator: separator)
      guard ends.count == 2 else {
        throw .badLine(
          path: path, line: number + 1, expected: "a source and a destination",
          found: ends.count.counted("field"))
      }
      pairs.append((String(ends[0]), String(ends[1])))
    }
    return pairs
  }
}
