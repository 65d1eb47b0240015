/// The most important nodes around each seed, with how important they are.
public struct Neighborhoods: Sendable, Equatable {
  /// The nodes that were asked about, as given. Shape `[b]`.
  public var seeds: [NodeID]

  /// Where each seed's neighbourhood begins in ``nodes``. Shape `[b + 1]`.
  public var indptr: [Int]

  /// The neighbourhoods, one after the other: distinct nodes by descending weight, then ascending
  /// id. Shape `[n]`.
  public var nodes: [NodeID]

  /// The importance of each of ``nodes``, above 0. Shape `[n]`.
  public var weights: [Double]

  public init(
    seeds: [NodeID] = [], indptr: [Int] = [0], nodes: [NodeID] = [], weights: [Double] = []
  ) {
    self.seeds = seeds
    self.indptr = indptr
    self.nodes = nodes
    self.weights = weights
  }

  /// The places of a seed's neighbourhood in ``nodes`` and ``weights``.
  public func places(of seed: Int) -> Range<Int> { indptr[seed]..<indptr[seed + 1] }
}
