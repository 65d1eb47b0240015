package import MerestoneCore

/// The edges that a sampler, a degree or an inference pass may use, by their `split`.
///
/// Where a relation has no `split` column every edge counts as ``Split/none`` and all sets agree.
package struct EdgeSet: Sendable, Hashable {
  private let mask: UInt8

  package init(_ splits: Split...) {
    mask = splits.reduce(0) { $0 | 1 << $1.rawValue }
  }

  /// Every edge of the relation.
  package static let all = EdgeSet(.none, .train, .validation, .test)

  /// The edges that messages may pass over while training and evaluating: `train`, or no split.
  package static let message = EdgeSet(.none, .train)

  @inline(__always)
  package func contains(code: UInt8) -> Bool { code < 8 && mask >> code & 1 == 1 }
}
