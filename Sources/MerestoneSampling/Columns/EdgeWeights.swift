package import MerestoneCore
import MerestoneStorage

/// The weights of a relation's edges, prepared for drawing edges in proportion to them; shared by
/// all samplers.
///
/// Drawing from a list needs its running sums `C[i] = C[i - 1] + w[i]`, doubles added in list
/// order; an edge that the edge set leaves out weighs 0. Every `spacing`-th running sum is kept:
///
/// | | |
/// |---|---|
/// | `sums[m]` | the sum of the weights before edge `m * spacing` in that edge's list |
///
/// The rest is added up from the mapped column when it is needed, so that the memory is
/// `8 / spacing` bytes per edge, and a draw touches one or two lines of the sums and one of the
/// column whatever the length of the list; none of the column where all sums are kept. The spacing
/// is the smallest power of two for which the sums fit the memory that was given; none are kept, and every list is added up as
/// it is met, where not even one per 4,096 edges fits. The running sums are the same doubles in
/// all cases, and so are the samples.
///
/// An edge so much lighter than those before it that the running sum does not change, by a factor
/// of about 2^53, counts as one of weight 0.
package final class EdgeWeights: Sendable {
  package let edges: EdgeColumn

  /// Edges per kept sum; 0 where none are kept.
  let spacing: Int
  let sums: [Double]

  /// The sums' memory where nothing else is asked for: one sum per 16 edges up to 134 million edges.
  package static let defaultMemory = ByteCount(64 << 20)

  /// The memory that the sums take, in bytes.
  package var byteCount: Int { sums.count * MemoryLayout<Double>.size }

  static let smallestSpacing = 1
  static let largestSpacing = 4096

  /// Opens a column of weights and adds it up.
  ///
  /// - Parameters:
  ///   - memory: What the sums may take; 0 keeps none.
  /// - Throws: What ``EdgeColumn/init(_:of:)`` throws; where sums are kept also
  ///   ``SamplingError/badWeight(column:value:edge:source:destination:)`` and
  ///   ``SamplingError/weightSumOverflow(column:destination:)`` for the first such edge, which are
  ///   thrown when an edge is met otherwise; ``SamplingError/cancelled``.
  /// - Complexity: O(edges) where sums are kept: the column is read once, on all threads.
  package init(
    _ name: String, of topology: Topology, memory: ByteCount = EdgeWeights.defaultMemory,
    pool: ThreadPool, cancellation: Cancellation = Cancellation()
  ) throws(SamplingError) {
    edges = try EdgeColumn(name, of: topology)
    let edgeCount = topology.store.manifest.relations[topology.relation.rawValue].edgeCount
    var spacing = Self.smallestSpacing
    while spacing <= Self.largestSpacing, (edgeCount / spacing + 1) * 8 > memory.bytes {
      spacing *= 2
    }
    self.spacing = spacing <= Self.largestSpacing ? spacing : 0
    guard self.spacing > 0 else {
      sums = []
      return
    }
    var sums = [Double](inHugePages: 0, count: edgeCount / spacing + 1)
    let edges = edges
    try sums.withSharedBuffer { buffer throws(SamplingError) in
      let tile = 1 << 12
      let nodeCount = topology.nodeCount
      try pool.forEach((nodeCount + tile - 1) / tile) { index throws(SamplingError) in
        if cancellation.isCancelled { throw .cancelled }
        var body = Adding(
          edges: edges, nodes: index * tile..<min((index + 1) * tile, nodeCount),
          spacing: spacing, sums: buffer)
        try edges.element.with(&body)
      }
    }
    self.sums = sums
  }

  /// Adds up the lists of a range of nodes, whose edges are consecutive.
  private struct Adding: EdgeValueBody {
    let edges: EdgeColumn
    let nodes: Range<Int>
    let spacing: Int
    let sums: SharedBuffer<Double>

    mutating func run<Value: EdgeValue>(_ type: Value.Type) throws(SamplingError) {
      var reader = InEdgeReader(edges.topology)
      var lists: [EdgeList] = []
      try reader.readLists(of: nodes.map { NodeID(UInt64($0)) }, into: &lists)
      for place in 0..<nodes.count where lists[place].count > 0 {
        let list = lists[place]
        let destination = NodeID(UInt64(nodes.lowerBound + place))
        // SAFETY: the list is a node's, and not empty.
        let values = unsafe try edges.values(of: list, as: Value.self)
        let first = (Int(list.start) + spacing - 1) / spacing
        let count = Int(list.count)
        let end = (Int(list.start) + count + spacing - 1) / spacing
        var position = 0
        var sum = 0.0
        for kept in first...end {
          let next = min(count, kept * spacing - Int(list.start))
          while position < next {
            // SAFETY: the position is below the count.
            let weight = unsafe values.weight(position)
            guard weight >= 0, weight < .infinity else {
              throw edges.badWeight(weight, at: position, of: list, destination)
            }
            sum += weight
            position += 1
          }
          // Where the list ends at the boundary, the sum there is the next list's.
          if position < count {
            sums.withPart(kept..<kept + 1) { $0[0] = sum }
          }
        }
        guard sum < .infinity else { throw edges.sumOverflow(destination) }
      }
      try edges.checkIntact()
    }
  }
}

extension EdgeColumn {
  /// The error for a weight that is none, with raw ids.
  func badWeight(
    _ weight: Double, at position: Int, of list: EdgeList, _ destination: NodeID
  ) -> SamplingError {
    let edge = EdgeID(list.start + UInt64(position))
    var reader = InEdgeReader(topology)
    var sources: [NodeID] = []
    do throws(SamplingError) {
      try reader.readSources(of: [edge], into: &sources)
      return .badWeight(
        column: name, value: WeightValue(weight), edge: edge, source: try raw(sources[0]),
        destination: try raw(destination))
    } catch {
      return error
    }
  }

  /// The error for weights that are too large together.
  func sumOverflow(_ destination: NodeID) -> SamplingError {
    do throws(SamplingError) {
      return .weightSumOverflow(column: name, destination: try raw(destination))
    } catch {
      return error
    }
  }

  private func raw(_ node: NodeID) throws(SamplingError) -> RawID {
    do throws(StorageError) {
      return try topology.store.ids(topology.nodeType).raw(of: node)
    } catch {
      throw .storage(error)
    }
  }
}

/// A weight in an error: equal where the bits are, so that NaN equals itself.
package struct WeightValue: Equatable, Sendable, CustomStringConvertible {
  private let bits: UInt64

  package init(_ value: Double) { bits = value.bitPattern }

  package var description: String { "\(Double(bitPattern: bits))" }
}
