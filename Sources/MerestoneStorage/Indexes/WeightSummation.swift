import MerestoneCore

/// Adds up the weights of one shard's edges, list by list, for what ``CumulativeWeights`` stores.
///
/// Resident: 65,536 weights at a time.
package struct WeightSummation {
  private let edges: EdgeStore
  private let weights: Column
  private let firstEdge: UInt64
  private let spacing: Int

  /// What came of it.
  package enum Outcome: Equatable, Sendable {
    case complete(everyEdgeCounts: Bool)
    /// The first weight that is negative or no finite number, at an edge of the shard.
    case badWeight(value: Double, edge: Int)
    /// The first list whose weights together are beyond the largest number, by its destination in the
    /// shard.
    case overflow(destination: Int)
  }

  /// - Parameters:
  ///   - weights: A row per edge, width 1.
  ///   - firstEdge: The id of the shard's first edge.
  package init(edges: EdgeStore, weights: Column, firstEdge: UInt64, spacing: Int) {
    precondition(edges.edgeCount == weights.rows && weights.width == 1, "other weights")
    self.edges = edges
    self.weights = weights
    self.firstEdge = firstEdge
    self.spacing = spacing
  }

  /// Edges that are added up at once.
  var portion = 1 << 16

  /// - Parameter body: Gets the rows of the column one after the other, those of some edges at a time,
  ///   and how many edges these are.
  /// - Complexity: O(edges): every weight is read once.
  package func run(
    _ body: (_ rows: Span<Double>, _ edges: Int) throws(StorageError) -> Void
  ) throws(StorageError) -> Outcome {
    var lists = ListEnds(edges)
    var values = [Double](repeating: 0, count: min(portion, edges.edgeCount))
    var rows: [Double] = []
    rows.reserveCapacity(values.count / spacing + 1)
    var sum = RunningSum()
    var (destination, listEnd) = (-1, 0)
    for first in stride(from: 0, to: edges.edgeCount, by: portion) {
      let part = first..<min(first + portion, edges.edgeCount)
      var span = values.mutableSpan
      try weights.copyDoubles(of: part, into: &span)
      rows.removeAll(keepingCapacity: true)
      var position = part.lowerBound
      while position < part.upperBound {
        while position == listEnd {
          guard sum.value < .infinity else { return .overflow(destination: destination) }
          sum.value = 0
          listEnd = try lists.next()
          destination += 1
        }
        // How far it is to the next edge with a row.
        var gap = Int((0 &- (firstEdge &+ UInt64(position))) & UInt64(spacing &- 1))
        if gap == 0 {
          rows.append(sum.value)
          gap = spacing
        }
        let stop = min(part.upperBound, listEnd, position &+ gap)
        sum.add(values.span.extracting(position &- first..<stop &- first))
        if sum.hasBadWeight {
          let bad = (position..<stop).first { !RunningSum.isWeight(values[$0 - first]) }!
          return .badWeight(value: values[bad - first], edge: bad)
        }
        position = stop
      }
      try body(rows.span, part.count)
    }
    guard sum.value < .infinity else { return .overflow(destination: destination) }
    return .complete(everyEdgeCounts: sum.everyWeightCounts)
  }
}

/// The sum of the weights of a list so far.
private struct RunningSum {
  var value = 0.0
  /// Of all lists.
  private(set) var everyWeightCounts = true
  private(set) var hasBadWeight = false

  static func isWeight(_ value: Double) -> Bool { value >= 0 && value < .infinity }

  @inline(__always)
  mutating func add(_ weights: Span<Double>) {
    var sum = value
    var (unchanged, bad) = (0, 0)
    for index in weights.indices {
      let weight = weights[index]
      bad |= Self.isWeight(weight) ? 0 : 1
      let before = sum
      sum += weight
      unchanged |= sum == before ? 1 : 0
    }
    value = sum
    if unchanged != 0 { everyWeightCounts = false }
    if bad != 0 { hasBadWeight = true }
  }
}
