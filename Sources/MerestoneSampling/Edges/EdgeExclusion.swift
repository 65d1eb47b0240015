package import MerestoneCore

/// Some edges that count as not there.
package struct EdgeExclusion: Sendable, Equatable {
  /// Ascending and distinct.
  private let edges: [EdgeID]

  /// - Parameter edges: In any order, repetitions allowed.
  package init(_ edges: [EdgeID] = []) {
    var distinct: [EdgeID] = []
    for edge in edges.sorted() where distinct.last != edge { distinct.append(edge) }
    self.edges = distinct
  }

  package var isEmpty: Bool { edges.isEmpty }

  /// The excluded edges of one list, ascending.
  /// - Complexity: O(log edges) without an allocation.
  func edges(in list: EdgeList) -> ArraySlice<EdgeID> {
    let first = firstPlace(notBelow: list.start)
    let end = list.start &+ list.count
    guard first < edges.count, edges[first].rawValue < end else { return edges[first..<first] }
    return edges[first..<firstPlace(notBelow: end)]
  }

  private func firstPlace(notBelow edge: UInt64) -> Int {
    var lower = 0
    var upper = edges.count
    while lower < upper {
      let middle = (lower &+ upper) / 2
      if edges[middle].rawValue < edge { lower = middle &+ 1 } else { upper = middle }
    }
    return lower
  }

  /// Takes the excluded edges out of an ascending part of `list`.
  func remove(from allowed: inout [EdgeID], of list: EdgeList) {
    var left = edges(in: list)
    guard !left.isEmpty else { return }
    allowed.removeAll { edge in
      while let next = left.first, next < edge { _ = left.popFirst() }
      return left.first == edge
    }
  }
}

extension ArraySlice<EdgeID> {
  /// Turns ranks among the edges of a list that are not in this slice of it into the edges.
  ///
  /// - Parameter ranks: Ascending.
  func edges(atRanks ranks: some Sequence<UInt64>, of list: EdgeList, into edges: inout [EdgeID]) {
    var skipped = startIndex
    for rank in ranks {
      var edge = list.start &+ rank &+ UInt64(skipped &- startIndex)
      while skipped < endIndex, self[skipped].rawValue <= edge {
        skipped &+= 1
        edge &+= 1
      }
      edges.append(EdgeID(edge))
    }
  }
}
