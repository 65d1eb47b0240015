import MerestoneCore

/// Which trials drew which node: a bit a trial for each node that was drawn at all.
struct SaintTrials {
  private let count: Int
  private let wordCount: Int
  private var index = NodeIndex()
  private var bits: [UInt64] = []

  init(count: Int) {
    self.count = count
    wordCount = (count + 63) / 64
  }

  mutating func append(_ nodes: [NodeID], trial: Int) throws(SamplingError) {
    for node in nodes {
      let number = try index.add(node)
      if (number + 1) * wordCount > bits.count {
        bits.append(contentsOf: repeatElement(0, count: wordCount))
      }
      bits[number * wordCount + trial / 64] |= 1 << UInt64(trial % 64)
    }
  }

  /// The subgraph with its coefficients, itself counted as one more trial.
  func normalized(_ graph: LocalSubgraph) -> SaintSubgraph {
    let numbers = graph.nodes.map { index.number(of: $0) }
    let held = numbers.map { 1 + common($0, $0) }
    var result = SaintSubgraph(
      graph: graph, nodeNormalization: held.map { Double($0) / Double(count + 1) },
      edgeNormalization: [])
    result.edgeNormalization.reserveCapacity(graph.edgeCount)
    for node in graph.nodes.indices {
      for edge in graph.indptr[node]..<graph.indptr[node + 1] {
        let both = 1 + common(numbers[node], numbers[Int(graph.indices[edge].rawValue)])
        result.edgeNormalization.append(Double(both) / Double(held[node]))
      }
    }
    return result
  }

  /// How many trials drew both nodes.
  private func common(_ a: Int?, _ b: Int?) -> Int {
    guard let a, let b else { return 0 }
    var count = 0
    for word in 0..<wordCount {
      count += (bits[a * wordCount + word] & bits[b * wordCount + word]).nonzeroBitCount
    }
    return count
  }
}
