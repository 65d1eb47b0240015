/// Which in-edges a ``Sampler`` keeps of every node, and how many in each hop.
///
/// Fanouts are in hop order, the hop next to the seeds first; -1 keeps all edges that the scheme may
/// keep, 0 none.
public struct SamplingScheme: Sendable, Hashable {
  enum Law: Sendable, Hashable {
    case uniform, uniformWithReplacement, labor, laborStar
    case weighted(String)
    case weightedWithReplacement(String)
    case top(String)
    case temporal(String)
    case recent(String)
  }

  let law: Law

  /// Edges kept per node, hop by hop.
  public let fanouts: [Int]

  /// Every set of `fanout` edges is equally likely: Hamilton et al., "Inductive Representation
  /// Learning on Large Graphs", NeurIPS 2017.
  public static func uniform(fanouts: [Int]) -> Self { Self(law: .uniform, fanouts: fanouts) }

  /// Independent draws: an edge may be kept several times.
  public static func uniformWithReplacement(fanouts: [Int]) -> Self {
    Self(law: .uniformWithReplacement, fanouts: fanouts)
  }

  /// In proportion to an edge column, one edge after the other among those not kept yet.
  public static func weighted(by column: String, fanouts: [Int]) -> Self {
    Self(law: .weighted(column), fanouts: fanouts)
  }

  /// Independent draws in proportion to an edge column.
  public static func weightedWithReplacement(by column: String, fanouts: [Int]) -> Self {
    Self(law: .weightedWithReplacement(column), fanouts: fanouts)
  }

  /// The edges with the largest values of a column.
  public static func top(by column: String, fanouts: [Int]) -> Self {
    Self(law: .top(column), fanouts: fanouts)
  }

  /// Uniform among the edges that are not later than the time as of which the seed is seen.
  public static func temporal(by column: String, fanouts: [Int]) -> Self {
    Self(law: .temporal(column), fanouts: fanouts)
  }

  /// The most recent of the edges that are not later than that time.
  public static func recent(by column: String, fanouts: [Int]) -> Self {
    Self(law: .recent(column), fanouts: fanouts)
  }

  /// Layer-neighbour sampling: Balin and Çatalyürek, "Layer-Neighbor Sampling - Defusing Neighborhood
  /// Explosion in GNNs", NeurIPS 2023. Blocks have weights.
  public static func labor(fanouts: [Int]) -> Self { Self(law: .labor, fanouts: fanouts) }

  /// The same with optimised probabilities: LABOR-*.
  public static func laborStar(fanouts: [Int]) -> Self { Self(law: .laborStar, fanouts: fanouts) }
}
