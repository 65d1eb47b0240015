import MerestoneCore
package import MerestoneStorage

/// What went wrong while partitioning; each case carries what its message needs.
package enum PartitionError: Error, Equatable, Sendable {
  case shardsOutOfRange(shards: Int, nodeCount: Int)
  case tooManyShards(shards: Int, limit: Int)
  case imbalanceOutOfRange(Double)
  case tooManyNodes(count: Int, limit: Int)
  /// A post-condition failed: our own mistake, reported instead of written.
  case inconsistent(check: String, expected: Int, found: Int)
  /// A file of neighbourhoods could not be written or read.
  case neighbors(StorageError)
  case interrupted
}

extension PartitionError: CustomStringConvertible {
  package var description: String {
    switch self {
    case .shardsOutOfRange(let shards, let nodeCount) where shards < 1:
      "\(shards) shards asked for a graph of \(nodeCount) nodes; ask for at least 1 (--shards)"
    case .shardsOutOfRange(let shards, let nodeCount):
      "\(shards) shards asked for a graph of \(nodeCount) nodes, fewer than one node each; "
        + "ask for at most \(max(nodeCount, 1)) (--shards)"
    case .tooManyShards(let shards, let limit):
      "\(shards) shards asked, but at most \(limit) are possible; ask for fewer (--shards)"
    case .imbalanceOutOfRange(let value):
      "an imbalance of \(value) was asked; give a number from 0 to 100, such as 0.05 for 5% "
        + "(--imbalance)"
    case .tooManyNodes(let count, let limit):
      "\(count) nodes are more than the \(limit) that preprocessing in memory can number; "
        + "leave unused nodes out of the node table"
    case .inconsistent(let check, let expected, let found):
      "the partition is inconsistent: \(check) should be \(expected) and is \(found); this is a "
        + "mistake of merestone, please report it with the command line"
    case .neighbors(let error): "cannot partition: \(error)"
    case .interrupted: "interrupted while partitioning; nothing was written"
    }
  }
}
