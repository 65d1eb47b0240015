package import MerestoneCore
package import MerestoneIngest
package import MerestonePartition
import MerestoneStorage

/// What happens to edges that repeat an earlier one: equal source, destination, relation and all
/// columns except split.
package enum DuplicatePolicy: String, Sendable, CaseIterable {
  case keep, drop, sum
}

/// What happens to edges from a node to itself.
package enum SelfLoopPolicy: String, Sendable, CaseIterable {
  case keep, drop
}

/// What happens to an edge that ends at a node which the node table does not list.
package enum UnlistedNodePolicy: String, Sendable, CaseIterable {
  /// Work ends with an error that names file, line and id.
  case error
  /// The node is added behind those of the table.
  case add
  /// The edge is left out.
  case drop
}

/// How edges that carry a relation are stored.
package enum RelationLayout: String, Sendable, CaseIterable {
  /// One CSC, the relation as an edge column.
  case column
  /// One CSC per relation.
  case split
}

/// How pages of edges are encoded.
package enum PageEncoding: String, Sendable, CaseIterable {
  case lz4, packed, both

  /// The format of the edge files' pages.
  var pageFormat: PageFormat { self == .packed ? .packed : .lz4 }
}

/// What to preprocess, and how.
package struct PreprocessOptions: Sendable {
  /// Edge files, or one directory in the plain layout (``InputLayout``).
  package var edges: [String]
  /// Where the GRAPH directory will be.
  package var output: String

  /// A table of all nodes: raw id, label, split, further columns.
  package var nodes: String?
  /// A table that annotates some nodes, same columns.
  package var labels: String?
  /// Feature rows in the order of the node table, or of ids 0..<N.
  package var features: String?
  /// Feature rows of the nodes of one type each, by the type's name.
  package var typedFeatures: [String: String] = [:]
  /// Nodes are the integers `0..<nodeCount`, isolated ones included.
  package var nodeCount: Int?

  /// nil: told by each file's name.
  package var format: EdgeFormat?
  package var columns = ColumnMapping()
  package var ids = IDKind.auto

  package var partition = PartitionOptions(shards: 1)
  package var encoding = PageEncoding.lz4
  package var relations = RelationLayout.column

  /// Whether out-edges are stored, too.
  package var storesReverse = false

  /// Which edge columns get cumulative weights: `weight` unless others are named.
  package var weights = IndexSelection.automatic

  /// Which edge columns get an order of times: `time` unless others are named.
  package var times = IndexSelection.automatic

  package var isUndirected = false
  package var duplicates = DuplicatePolicy.keep
  package var selfLoops = SelfLoopPolicy.keep
  package var unlistedNodes = UnlistedNodePolicy.error

  /// The cap on memory, in bytes.
  package var memory = ByteCount(MachineMemory.defaultCap)
  package var threads = ThreadPool.availableProcessors
  /// An existing folder for temporary files; nil: beside the output.
  package var temporary: String?
  /// Whether to go on with what an earlier run of the same inputs and flags left.
  package var resumes = false

  package init(edges: [String], output: String) {
    self.edges = edges
    self.output = output
  }

  /// The flags that shape the result, by name without dashes; threads and memory do not.
  var shapingFlags: [String: String] {
    var flags = [
      "shards": "\(partition.shards)", "partitioner": partition.partitioner.rawValue,
      "order": partition.ordering.rawValue, "encoding": encoding.rawValue,
      "duplicates": duplicates.rawValue, "self-loops": selfLoops.rawValue,
      "undirected": "\(isUndirected)", "unlisted-nodes": unlistedNodes.rawValue,
      "relations": relations.rawValue,
    ]
    switch partition.partitioner {
    case .range: break
    case .random: flags["seed"] = "\(partition.seed)"
    case .ldg, .fennel, .multilevel:
      flags["balance"] = partition.balance.rawValue
      flags["imbalance"] = "\(partition.imbalance)"
      flags["balance"] = partition.balance.rawValue
      flags["passes"] = "\(partition.passes)"
    }
    flags["weights"] = weights.flag
    flags["times"] = times.flag
    if storesReverse { flags["reverse"] = "true" }
    if let nodeCount { flags["node-count"] = "\(nodeCount)" }
    return flags
  }

  /// Everything that says what a run does, for `--resume` to compare.
  var identityFlags: [String: String] {
    var flags = shapingFlags
    flags["seed"] = "\(partition.seed)"
    flags["imbalance"] = "\(partition.imbalance)"
    flags["passes"] = "\(partition.passes)"
    flags["balance"] = "\(partition.balance.rawValue)"
    flags["format"] = format?.rawValue
    flags["columns"] = columns.columns.map { "\($0.key.name)=\($0.value)" }.sorted()
      .joined(separator: ",")
    flags["ids"] = ids.rawValue
    flags["nodes"] = nodes
    flags["labels"] = labels
    flags["features"] = features
    for (type, path) in typedFeatures { flags["features \(type)"] = path }
    flags["columns type"] = columns.nodeType
    flags["temporary"] = temporary
    // The last stages but one: another choice repeats these alone.
    flags["weights"] = nil
    flags["times"] = nil
    return flags
  }
}
