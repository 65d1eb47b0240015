import MerestonePartition

/// The edges of the graph between input indices, as the policies left them.
struct GraphEdges {
  var list: EdgeList

  /// The input row whose column values each edge carries; nil where edge `i` is row `i`.
  var rows: [UInt32]?

  /// What a policy decides about one edge.
  struct Mark: OptionSet {
    var rawValue: UInt8
    static let dropped = Mark(rawValue: 1)
    /// An edge the other way round is added behind all input edges.
    static let reversed = Mark(rawValue: 2)
  }

  /// Carries out what the marks say, in input order; reverses follow in the order of the edges
  /// that they come from.
  ///
  /// - Parameters:
  ///   - marks: ``Mark`` of each edge.
  ///   - keepsRows: Whether there are columns, so that rows have to be remembered.
  mutating func apply(_ marks: [UInt8], keepsRows: Bool) {
    let kept = marks.count { $0 & Mark.dropped.rawValue == 0 }
    let added = marks.count { $0 & Mark.reversed.rawValue != 0 }
    guard kept < marks.count || added > 0 else { return }
    var sources: [UInt32] = []
    var destinations: [UInt32] = []
    var newRows: [UInt32] = []
    sources.reserveCapacity(kept + added)
    destinations.reserveCapacity(kept + added)
    if keepsRows { newRows.reserveCapacity(kept + added) }
    for (edge, mark) in marks.enumerated() where mark & Mark.dropped.rawValue == 0 {
      sources.append(list.sources[edge])
      destinations.append(list.destinations[edge])
      if keepsRows { newRows.append(rows?[edge] ?? UInt32(truncatingIfNeeded: edge)) }
    }
    for (edge, mark) in marks.enumerated() where mark & Mark.reversed.rawValue != 0 {
      sources.append(list.destinations[edge])
      destinations.append(list.sources[edge])
      if keepsRows { newRows.append(rows?[edge] ?? UInt32(truncatingIfNeeded: edge)) }
    }
    list.sources = sources
    list.destinations = destinations
    rows = keepsRows ? newRows : nil
  }
}
