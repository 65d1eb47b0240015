package import MerestoneCore

/// Kronecker (R-MAT) graphs with the parameters of Graph500: .57, .19, .19, .05.
///
/// Chakrabarti, Zhan and Faloutsos, "R-MAT: A Recursive Model for Graph Mining", SDM 2004. Edge
/// `i` is a pure function of the seed and `i`: every level of the recursion picks a quadrant, and
/// the node ids then go through a keyed bijection, so that they say nothing about degrees.
/// Duplicates and self-loops stay. Memory is bounded by a few tiles at any scale.
///
/// - Complexity: one Philox call per edge and 28 levels; seven levels take one random word.
package struct KroneckerGenerator: Sendable {
  /// How edges are written.
  package enum Format: String, Sendable, CaseIterable {
    case u32, u64, tsv
  }

  /// Levels of the recursion: there are 2^scale nodes.
  package let scale: Int
  package let seed: UInt64
  package let edgeCount: Int

  package var nodeCount: Int { 1 << scale }

  private let draws: RandomDraws
  private let quadrants: QuadrantTable
  private let scramble: IDScramble
  // Philox calls for an edge, and the levels that they make in excess.
  private let calls: UInt32
  private let surplus: UInt64

  package static let scales = 1...44

  /// - Parameter edgeFactor: Edges per node.
  package init(scale: Int, edgeFactor: Int = 16, seed: UInt64) throws(IngestError) {
    guard Self.scales.contains(scale) else {
      throw .invalidParameter(name: "--scale", found: "\(scale)", allowed: "1...44")
    }
    guard (1...1 << 12).contains(edgeFactor) else {
      throw .invalidParameter(name: "--edge-factor", found: "\(edgeFactor)", allowed: "1...4096")
    }
    self.scale = scale
    self.seed = seed
    edgeCount = edgeFactor << scale
    let callLevels = 4 * QuadrantTable.levels
    calls = UInt32((scale + callLevels - 1) / callLevels)
    surplus = UInt64(Int(calls) * callLevels - scale)
    draws = RandomKey(seed: seed, stream: .generator, step: GeneratorDraws.kroneckerEdges).draws
    quadrants = QuadrantTable(probabilities: (0.57, 0.19, 0.19, 0.05))
    scramble = IDScramble(
      bits: scale,
      draws: RandomKey(seed: seed, stream: .generator, step: GeneratorDraws.kroneckerIDs).draws)
  }

  /// The edge at a position of the list.
  package func edge(_ index: Int) -> (source: UInt64, destination: UInt64) {
    var source: UInt64 = 0
    var destination: UInt64 = 0
    for call in 0..<calls {
      let words = draws.words(entity: UInt64(truncatingIfNeeded: index), number: call)
      for lane in 0..<4 {
        let (row, column) = quadrants.pick(words[lane])
        source = source &<< 7 | row
        destination = destination &<< 7 | column
      }
    }
    // The first levels are the highest bits; levels beyond the scale fall off.
    source &>>= surplus
    destination &>>= surplus
    return (scramble.apply(source), scramble.apply(destination))
  }

  /// Writes `edges.u32`, `edges.u64` or `edges.tsv` into `directory`.
  ///
  /// - Parameter format: nil: u32, or u64 from 2^32 nodes on.
  /// - Throws: ``IngestError/outputExists(_:)``, ``IngestError/cannotWrite(_:code:)``.
  package func write(
    to directory: String, format: Format? = nil, pool: ThreadPool,
    cancellation: Cancellation? = nil, progress: any ProgressListener = SilentProgress()
  ) throws(IngestError) -> GeneratedGraph {
    let format = format ?? (scale > 32 ? .u64 : .u32)
    if format == .u32, scale > 32 {
      throw .invalidParameter(name: "--format", found: "u32", allowed: "u64 or tsv past 2^32 nodes")
    }
    let name = "edges.\(format.rawValue)"
    let path = "\(directory)/\(name)"
    try GeneratorOutput.making([name], in: directory) { () throws(IngestError) in
      try writeEdges(
        path, format: format, pool: pool, cancellation: cancellation, progress: progress)
    }
    return GeneratedGraph(files: [path], nodes: nodeCount, edges: edgeCount)
  }

  private func writeEdges(
    _ path: String, format: Format, pool: ThreadPool, cancellation: Cancellation?,
    progress: any ProgressListener
  ) throws(IngestError) {
    progress.begin(stage: "edges", total: edgeCount, unit: "edges")
    var output = try GeneratorOutput(path: path)
    let tile = 1 << 15
    switch format {
    case .u32:
      try output.appendTiles(
        of: edgeCount, tile: tile, pool: pool, cancellation: cancellation, progress: progress
      ) { (range, values: inout [UInt32]) in
        values.append(addingCapacity: 2 * range.count) { span in
          for index in range {
            let (source, destination) = edge(index)
            span.append(UInt32(truncatingIfNeeded: source).littleEndian)
            span.append(UInt32(truncatingIfNeeded: destination).littleEndian)
          }
        }
      }
    case .u64:
      try output.appendTiles(
        of: edgeCount, tile: tile, pool: pool, cancellation: cancellation, progress: progress
      ) { (range, values: inout [UInt64]) in
        values.append(addingCapacity: 2 * range.count) { span in
          for index in range {
            let (source, destination) = edge(index)
            span.append(source.littleEndian)
            span.append(destination.littleEndian)
          }
        }
      }
    case .tsv:
      let header = """
        # Kronecker graph, Graph500 parameters, scale \(scale), seed \(seed); directed
        # columns: src\tdst

        """
      try output.append(Array(header.utf8))
      try output.appendTiles(
        of: edgeCount, tile: tile, pool: pool, cancellation: cancellation, progress: progress
      ) { (range, values: inout [UInt8]) in
        values.append(addingCapacity: 42 * range.count) { span in
          for index in range {
            let (source, destination) = edge(index)
            span.appendDecimal(source)
            span.append(UInt8(ascii: "\t"))
            span.appendDecimal(destination)
            span.append(UInt8(ascii: "\n"))
          }
        }
      }
    }
    try output.finish()
    progress.end(summary: "\(edgeCount.grouped) edges of \(nodeCount.grouped) nodes")
  }
}
