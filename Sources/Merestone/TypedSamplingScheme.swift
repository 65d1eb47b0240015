/// Which in-edges a ``TypedSampler`` keeps of every node, and how many for each relation and hop.
///
/// ```swift
/// let sampler = try graph.sampler(
///   .uniform(fanouts: ["paper-author": [10, 5], "author-paper": [5, 5]]))
/// ```
///
/// Fanouts are given by the names of relations, the hop next to the seeds first, as many for each; -1
/// keeps all edges that the scheme may keep, 0 none. Relations that are not named are not followed.
/// Where several relations have one name, `source/name/destination` says which. The laws are those of
/// ``SamplingScheme``, for each relation on its own.
public struct TypedSamplingScheme: Sendable, Hashable {
  let law: SamplingScheme.Law

  /// Edges kept per node by the relation's name, hop by hop.
  public let fanouts: [String: [Int]]

  /// Every set of `fanout` edges of a relation is equally likely.
  public static func uniform(fanouts: [String: [Int]]) -> Self {
    Self(law: .uniform, fanouts: fanouts)
  }

  /// Independent draws: an edge may be kept several times.
  public static func uniformWithReplacement(fanouts: [String: [Int]]) -> Self {
    Self(law: .uniformWithReplacement, fanouts: fanouts)
  }

  /// In proportion to an edge column, one edge after the other among those not kept yet.
  public static func weighted(by column: String, fanouts: [String: [Int]]) -> Self {
    Self(law: .weighted(column), fanouts: fanouts)
  }

  /// Independent draws in proportion to an edge column.
  public static func weightedWithReplacement(
    by column: String, fanouts: [String: [Int]]
  ) -> Self {
    Self(law: .weightedWithReplacement(column), fanouts: fanouts)
  }

  /// The edges with the largest values of a column.
  public static func top(by column: String, fanouts: [String: [Int]]) -> Self {
    Self(law: .top(column), fanouts: fanouts)
  }

  /// Uniform among the edges that are not later than the time as of which the seed is seen.
  public static func temporal(by column: String, fanouts: [String: [Int]]) -> Self {
    Self(law: .temporal(column), fanouts: fanouts)
  }

  /// The most recent of the edges that are not later than that time.
  public static func recent(by column: String, fanouts: [String: [Int]]) -> Self {
    Self(law: .recent(column), fanouts: fanouts)
  }

  /// Layer-neighbour sampling, LABOR-0. Relations have weights.
  public static func labor(fanouts: [String: [Int]]) -> Self {
    Self(law: .labor, fanouts: fanouts)
  }

  /// The same with optimised probabilities: LABOR-*.
  public static func laborStar(fanouts: [String: [Int]]) -> Self {
    Self(law: .laborStar, fanouts: fanouts)
  }
}
