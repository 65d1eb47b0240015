import MerestoneStorage

/// Turns lists that come in the order of their nodes into the degrees of all nodes, and hands these on
/// in portions.
struct ListCounter {
  /// What a counter needs to go on where another left off.
  struct State: Codable, Sendable {
    fileprivate var node: Int
    fileprivate var degree: UInt64
    fileprivate var maximum: UInt64
  }

  /// The node whose list came last, and the edges of it so far.
  private var node: Int
  private var degree: UInt64
  private var degrees: [UInt64] = []
  /// The largest degree of those that were handed on.
  private(set) var maximum: UInt64

  private static let portion = 1 << 16

  init(from first: Int, resuming state: State? = nil) {
    node = state?.node ?? first
    degree = state?.degree ?? 0
    maximum = state?.maximum ?? 0
  }

  /// Adds edges of a node's list; lists before it are complete.
  mutating func add(
    _ edges: UInt64, to target: Int, handOn: (Span<UInt64>) throws(StorageError) -> Void
  ) throws(StorageError) {
    try advance(to: target, handOn: handOn)
    degree &+= edges
  }

  /// Completes the lists before `target`.
  mutating func advance(
    to target: Int, handOn: (Span<UInt64>) throws(StorageError) -> Void
  ) throws(StorageError) {
    while node < target {
      degrees.append(degree)
      degree = 0
      node &+= 1
      if degrees.count == Self.portion { try flush(handOn) }
    }
  }

  /// Hands on what is complete.
  mutating func flush(_ handOn: (Span<UInt64>) throws(StorageError) -> Void) throws(StorageError) {
    let ready = degrees
    maximum = max(maximum, ready.max() ?? 0)
    try handOn(ready.span)
    degrees.removeAll(keepingCapacity: true)
  }

  /// - Precondition: All that is complete was handed on.
  var state: State { State(node: node, degree: degree, maximum: maximum) }
}
