import MerestoneCore
import MerestoneStorage
import Synchronization

/// Writes a ``CommunityModel`` in the plain input layout.
struct CommunityWriter {
  let model: CommunityModel
  let directory: String
  let pool: ThreadPool
  let cancellation: Cancellation?
  let progress: any ProgressListener

  private var nodes: Int { model.parameters.nodes }

  func writeNodes() throws(IngestError) {
    progress.begin(stage: "nodes", total: nodes, unit: "nodes")
    var output = try GeneratorOutput(path: "\(directory)/nodes.tsv")
    try output.append(
      Array("# planted communities; label = class 0..\(model.parameters.classes - 1)\n".utf8))
    try output.append(Array("# columns: id\tlabel\tsplit\n".utf8))
    let words = Split.allCases.map { Array($0.word.utf8) }
    try output.appendTiles(
      of: nodes, tile: 1 << 14, pool: pool, cancellation: cancellation, progress: progress
    ) { (range, bytes: inout [UInt8]) in
      bytes.append(addingCapacity: 64 * range.count) { span in
        for node in range {
          let (label, split) = model.labelAndSplit(node)
          span.appendDecimal(UInt64(node))
          span.append(UInt8(ascii: "\t"))
          span.appendDecimal(UInt64(label))
          span.append(UInt8(ascii: "\t"))
          span.append(text: words[Int(split.rawValue)])
          span.append(UInt8(ascii: "\n"))
        }
      }
    }
    try output.finish()
    progress.end(summary: "\(nodes.grouped) nodes of \(model.parameters.classes) classes")
  }

  func writeFeatures() throws(IngestError) {
    let width = model.parameters.features
    progress.begin(stage: "features", total: nodes, unit: "nodes")
    var output = try GeneratorOutput(path: "\(directory)/features.npy")
    try output.append(NumpyHeader(element: .f32, shape: [nodes, width]).encoded())
    try output.appendTiles(
      of: nodes, tile: max(1, (1 << 17) / width), pool: pool, cancellation: cancellation,
      progress: progress
    ) { (range, values: inout [UInt32]) in
      values.reserveCapacity(range.count * width)
      for node in range { model.appendFeatures(node, to: &values) }
    }
    try output.finish()
    progress.end(summary: "\(width) features each")
  }

  /// - Returns: the number of edges.
  func writeEdges(
    _ name: String, format: CommunitiesGenerator.Format
  ) throws(IngestError) -> Int {
    progress.begin(stage: "edges", total: nodes, unit: "nodes")
    var output = try GeneratorOutput(path: "\(directory)/\(name)")
    let edgeCount = Atomic<Int>(0)
    let tile = 1 << 11
    switch format {
    case .tsv:
      try output.append(Array((Self.note + "\n# columns: src\tdst\n").utf8))
      try output.appendTiles(
        of: nodes, tile: tile, pool: pool, cancellation: cancellation, progress: progress
      ) { (range, bytes: inout [UInt8]) in
        var targets = OwnedTargets()
        for node in range {
          model.draw(node, into: &targets)
          edgeCount.add(targets.nodes.count, ordering: .relaxed)
          bytes.append(addingCapacity: 22 * targets.nodes.count) { span in
            for target in targets.nodes {
              span.appendDecimal(UInt64(node))
              span.append(UInt8(ascii: "\t"))
              span.appendDecimal(UInt64(target))
              span.append(UInt8(ascii: "\n"))
            }
          }
        }
      }
    case .u32:
      try output.appendTiles(
        of: nodes, tile: tile, pool: pool, cancellation: cancellation, progress: progress
      ) { (range, values: inout [UInt32]) in
        var targets = OwnedTargets()
        for node in range {
          model.draw(node, into: &targets)
          edgeCount.add(targets.nodes.count, ordering: .relaxed)
          for target in targets.nodes {
            values.append(UInt32(truncatingIfNeeded: node).littleEndian)
            values.append(target.littleEndian)
          }
        }
      }
    }
    try output.finish()
    let count = edgeCount.load(ordering: .relaxed)
    progress.end(summary: "\(count.grouped) undirected edges, each stored once")
    return count
  }

  private static let note =
    "# planted communities; undirected, each edge stored ONCE: preprocess with --undirected"

  func writeReadme() throws(IngestError) {
    let p = model.parameters
    let text = """
      # Planted communities

      A synthetic graph: \(p.nodes.grouped) nodes of \(p.classes) classes, mean degree \(p.meanDegree) \
      (power law), seed \(p.seed).

      - `edges.*`: undirected, each edge stored once; preprocess with `--undirected`.
      - `nodes.tsv`: id, label, split (\(p.trainFraction) train, \(p.validationFraction) val, the \
      rest test). A share of \(p.labelNoise) of the labels is drawn at random.
      - `features.npy`: \(p.features) values per node: the class's mean, of length \(p.signal), \
      plus standard normal noise.
      - An edge stays within its class with probability \(p.homophily), else its other end is any \
      node.

      """
    var output = try GeneratorOutput(path: "\(directory)/README.md")
    try output.append(Array(text.utf8))
    try output.finish()
  }
}
