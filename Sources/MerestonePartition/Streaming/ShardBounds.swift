/// How much every shard may hold.
///
/// The strict bound is the share plus the allowed imbalance, the loose one adds the heaviest node,
/// without which a graph of few heavy nodes could have no partition.
struct ShardBounds: Sendable, Equatable {
  /// Strict and loose bound of one thing.
  struct Bound: Sendable, Equatable {
    var strict: UInt64
    var loose: UInt64

    static let none = Bound(strict: .max, loose: .max)

    init(total: UInt64, heaviest: UInt64, shards: Int, imbalance: Double) {
      let share = ((1 + imbalance) * Double(total) / Double(shards)).rounded(.up)
      // A share of more than 2^63 bounds nothing.
      strict = share < 0x1p63 ? UInt64(share) : .max / 2
      loose = strict + heaviest
    }

    private init(strict: UInt64, loose: UInt64) {
      self.strict = strict
      self.loose = loose
    }
  }

  let shards: Int
  let nodes: Bound
  /// In-edges: the bound that ``PartitionOptions/balance`` may lift.
  let edges: Bound
  let training: Bound
  /// Sums over the graph.
  let edgeTotal: UInt64
  /// Edges per node, at least the least positive number so that one may divide by it; what is not
  /// bounded weighs nothing.
  let meanDegree: Double

  init(inDegrees: [UInt32], train: [Bool]?, options: PartitionOptions) {
    shards = options.shards
    var total: UInt64 = 0
    var heaviest: UInt32 = 0
    for degree in inDegrees {
      total &+= UInt64(degree)
      heaviest = max(heaviest, degree)
    }
    edgeTotal = total
    meanDegree =
      switch options.balance {
      case .both: max(Double(total) / Double(max(inDegrees.count, 1)), 1e-300)
      case .nodes: 1e300
      case .edges: 1e-300
      }
    let training = train?.reduce(into: UInt64(0)) { $0 += $1 ? 1 : 0 } ?? 0
    func bound(_ total: UInt64, _ heaviest: UInt64) -> Bound {
      Bound(
        total: total, heaviest: heaviest, shards: options.shards, imbalance: options.imbalance)
    }
    nodes = options.balance == .edges ? .none : bound(UInt64(inDegrees.count), 1)
    edges = options.balance == .nodes ? .none : bound(total, UInt64(heaviest))
    self.training = training == 0 ? .none : bound(training, 1)
  }
}
