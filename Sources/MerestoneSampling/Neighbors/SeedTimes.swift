import MerestoneCore

/// The nodes of a temporal mini-batch: pairs of a node and the time as of which it is seen, which
/// is the time of the seed that it was reached from.
///
/// Within a mini-batch a pair is one number, the node in the lower bits and the place of its time
/// among the distinct times of the seeds above, so that pairs are numbered as nodes are.
struct SeedTimes {
  private let column: String
  private let nodeBits: UInt64
  // Distinct, ascending.
  private var times: [Int64] = []

  /// - Parameter column: The name of the column of times, for errors.
  init(column: String, nodeCount: Int) {
    self.column = column
    nodeBits = UInt64(Int.bitWidth - max(0, nodeCount - 1).leadingZeroBitCount)
  }

  /// Those of each type, where the schemes read a column of times; else none.
  static func byType(_ column: EdgeColumn?, nodeCounts: [Int]) -> [SeedTimes] {
    guard let column else { return [] }
    return nodeCounts.map { SeedTimes(column: column.name, nodeCount: $0) }
  }

  /// Begins a mini-batch of some seeds with their times, of this and of other types.
  /// - Throws: ``SamplingError/timesMissing(column:)``,
  ///   ``SamplingError/wrongTimeCount(seeds:times:)``.
  mutating func begin(seeds: Int, _ seedTimes: [Int64]) throws(SamplingError) {
    guard seedTimes.count == seeds else {
      throw seedTimes.isEmpty
        ? .timesMissing(column: column)
        : .wrongTimeCount(seeds: seeds, times: seedTimes.count)
    }
    times.removeAll(keepingCapacity: true)
    for time in seedTimes.sorted() where times.last != time { times.append(time) }
    // The time's place must fit above the node.
    guard times.count <= 1 << min(32, 64 - nodeBits) else {
      throw .blockTooLarge(nodes: times.count)
    }
  }

  /// The pairs of nodes and times that the mini-batch began with.
  func slots(_ nodes: [NodeID], _ seedTimes: [Int64]) -> [NodeID] {
    zip(nodes, seedTimes).map { slot($0, $1) }
  }

  /// Turns pairs into their nodes, and writes their times in place of what `times` holds.
  func split(_ slots: inout [NodeID], into times: inout [Int64]) {
    times.removeAll(keepingCapacity: true)
    let mask = (1 as UInt64) << nodeBits &- 1
    for place in slots.indices {
      times.append(self.times[Int(slots[place].rawValue >> nodeBits)])
      slots[place] = NodeID(slots[place].rawValue & mask)
    }
  }

  /// Turns a block's sources, which are pairs, into nodes and times.
  func splitSources(of block: inout Block) { split(&block.sources, into: &block.sourceTimes) }

  /// Turns the sources of a hop's edges into pairs with the times of their destinations.
  ///
  /// - Parameters:
  ///   - indptr: Where each destination's edges start. Shape `[d + 1]`.
  ///   - times: Of the destinations. Shape `[d]`.
  func join(_ sources: inout [NodeID], _ indptr: [Int], _ times: [Int64]) {
    for place in times.indices {
      let range = indptr[place]..<indptr[place + 1]
      guard !range.isEmpty else { continue }
      let time = slot(NodeID(0), times[place]).rawValue
      for edge in range { sources[edge] = NodeID(sources[edge].rawValue | time) }
    }
  }

  /// The pair of a node and one of the times that the mini-batch began with.
  func slot(_ node: NodeID, _ time: Int64) -> NodeID {
    var lower = 0
    var upper = times.count
    while upper - lower > 1 {
      let middle = (lower + upper) / 2
      if times[middle] <= time { lower = middle } else { upper = middle }
    }
    return NodeID(node.rawValue | UInt64(lower) << nodeBits)
  }
}
