import MerestoneCore

/// The destinations of a hop that are of one type, in the order of their block indices.
struct HopDestinations {
  private(set) var count = 0

  /// In 32 bits; only where some reader wants them so. Shape `[count]`.
  private(set) var narrow: [UInt32] = []

  /// Only where some reader wants them so. Shape `[count]`.
  private(set) var nodes: [NodeID] = []

  /// As of when each is seen, where ``nodes`` are there and the scheme is temporal. Shape `[count]`.
  private(set) var times: [Int64] = []

  private let isNarrow: Bool
  private let isWide: Bool

  /// - Parameter readers: Those whose destinations they are.
  init(for readers: some Sequence<HopSampler>) {
    isNarrow = readers.contains { $0.isFused }
    isWide = readers.contains { !$0.isFused }
  }

  /// Takes over all nodes that were seen so far.
  mutating func take(_ relabeler: NodeRelabeler, _ seedTimes: SeedTimes?) {
    count = relabeler.count
    if isNarrow { relabeler.copyNodes(into: &narrow) }
    if isWide {
      relabeler.copyNodes(into: &nodes)
      seedTimes?.split(&nodes, into: &times)
    }
  }
}
