package import MerestoneCore

/// Graphs of planted communities with features, labels and a split, for demonstrations and tests
/// of learning.
///
/// A degree-corrected planted partition (Karrer and Newman, "Stochastic Blockmodels and Community
/// Structure in Networks", Physical Review E 2011): every node has a class and a weight from a
/// power law; an edge's other end is drawn by weight, within the class with probability
/// ``Parameters/homophily``, else anywhere. Features are the class's mean, of length
/// ``Parameters/signal`` in a random direction, plus standard normal noise. With the defaults the
/// best classifier of features alone is right on about 62% of the nodes, while neighbours make
/// more than 85% possible.
///
/// Each undirected edge is stored once, no node is joined to itself, and no pair occurs twice:
/// a keyed coin names the end that owns a pair, and a node draws only pairs that it owns. So a
/// node's edges are a pure function of the seed and the node.
///
/// Resident: about 20 bytes per node, and tiles of output.
package struct CommunitiesGenerator: Sendable {
  package struct Parameters: Sendable, Equatable {
    package var nodes = 50_000
    /// Mean number of neighbours.
    package var meanDegree = 20.0
    package var classes = 12
    package var features = 64
    /// The probability that an edge is drawn within its class.
    package var homophily = 0.6
    /// The distance of class means from the origin, where noise has the deviation 1.
    package var signal = 2.0
    /// The share of nodes whose label is drawn anew.
    package var labelNoise = 0.04
    package var trainFraction = 0.3
    package var validationFraction = 0.1
    package var seed: UInt64 = 1

    package init() {}
  }

  package enum Format: String, Sendable, CaseIterable {
    case tsv, u32
  }

  package let parameters: Parameters
  let model: CommunityModel

  package init(_ parameters: Parameters, pool: ThreadPool) throws(IngestError) {
    try Self.check(parameters)
    self.parameters = parameters
    model = CommunityModel(parameters, pool: pool)
  }

  private static func check(_ p: Parameters) throws(IngestError) {
    func require(
      _ holds: Bool, _ name: String, _ found: some CustomStringConvertible, _ allowed: String
    ) throws(IngestError) {
      if !holds { throw .invalidParameter(name: name, found: "\(found)", allowed: allowed) }
    }
    try require((1...Int(UInt32.max)).contains(p.nodes), "--nodes", p.nodes, "1...4294967295")
    try require(
      p.meanDegree >= 0 && p.meanDegree <= 10_000, "--mean-degree", p.meanDegree, "0...10000")
    try require((1...65_535).contains(p.classes), "--classes", p.classes, "1...65535")
    try require((1...65_536).contains(p.features), "--features", p.features, "1...65536")
    try require(
      p.homophily >= 0 && p.homophily <= 1, "--homophily", p.homophily, "0...1")
    try require(p.signal >= 0 && p.signal <= 1000, "--signal", p.signal, "0...1000")
    try require(
      p.labelNoise >= 0 && p.labelNoise <= 1, "--label-noise", p.labelNoise, "0...1")
    try require(
      p.trainFraction >= 0 && p.trainFraction <= 1, "--train-fraction", p.trainFraction, "0...1")
    try require(
      p.validationFraction >= 0 && p.trainFraction + p.validationFraction <= 1,
      "--validation-fraction", p.validationFraction, "0...\(1 - p.trainFraction)")
  }

  /// Writes `nodes.tsv`, `features.npy`, `README.md` and, last, `edges.tsv` or `edges.u32`.
  ///
  /// - Throws: ``IngestError/outputExists(_:)``, ``IngestError/cannotWrite(_:code:)``.
  package func write(
    to directory: String, format: Format = .tsv, pool: ThreadPool,
    cancellation: Cancellation? = nil, progress: any ProgressListener = SilentProgress()
  ) throws(IngestError) -> GeneratedGraph {
    let edges = "edges.\(format.rawValue)"
    let names = ["nodes.tsv", "features.npy", "README.md", edges]
    let count = try GeneratorOutput.making(names, in: directory) { () throws(IngestError) in
      let writer = CommunityWriter(
        model: model, directory: directory, pool: pool, cancellation: cancellation,
        progress: progress)
      try writer.writeNodes()
      try writer.writeFeatures()
      try writer.writeReadme()
      return try writer.writeEdges(edges, format: format)
    }
    return GeneratedGraph(
      files: names.map { "\(directory)/\($0)" }, nodes: parameters.nodes, edges: count)
  }
}
