import MerestoneCore
import MerestonePartition
import MerestoneStorage

/// Shares the nodes out among shards and gives them their global ids.
struct OrderStage {
  let nodeCount: Int
  let degrees: Degrees
  let neighbors: NeighborFile?
  let train: [Bool]?
  let types: NodeTypes
  let options: PartitionOptions
  let folder: String
  let pool: ThreadPool
  let progress: any ProgressListener
  let cancellation: Cancellation

  /// What came of it, for the journal.
  struct Record: Codable, Sendable {
    var globals: ArrayFile.Entry
    /// Shape `[types, shards + 1]`.
    var nodeBounds: [[UInt64]]
    /// Of the edges of all relations together. Shape `[shards + 1]`.
    var edgeBounds: [UInt64]
    var ordering: String
    /// Why `auto` chose it.
    var reason: String?
    var warnings: [String]
    var nodeImbalance: Double
    var edgeImbalance: Double
    var trainImbalance: Double?
  }

  private static func path(_ folder: String) -> String { "\(folder)/globals.tmp" }

  func run() throws(PreprocessError) -> Record {
    let made = try PreprocessError.partitioning { () throws(PartitionError) in
      try OrderedPartition(
        neighbors: neighbors, inDegrees: degrees.inDegrees, train: train, options: options,
        pool: pool, progress: progress, cancellation: cancellation)
    }
    let order = made.order
    let imbalances = order.imbalances(train: train)
    var globals = order.globals
    let nodeBounds = types.separate(&globals, bounds: order.nodeBounds)
    let entry = try PreprocessError.storing { () throws(StorageError) in
      try ArrayFile.write(globals, to: Self.path(folder))
    }
    return Record(
      globals: entry, nodeBounds: nodeBounds, edgeBounds: order.edgeBounds,
      ordering: made.ordering.rawValue, reason: made.reason, warnings: made.warnings,
      nodeImbalance: imbalances.nodes, edgeImbalance: imbalances.edges,
      trainImbalance: imbalances.training)
  }

  /// Reads the global id of every node number, among the nodes of its type.
  static func globals(_ record: Record, folder: String) throws(PreprocessError) -> [UInt32] {
    try PreprocessError.storing { () throws(StorageError) in
      try ArrayFile.read(record.globals, of: UInt32.self, from: path(folder))
    }
  }
}

extension PartitionOptions {
  /// Whether partitioner or order read neighbourhoods.
  var needsNeighbors: Bool {
    partitioner.readsNeighbors || ordering == .locality || ordering == .auto
  }

  /// `auto` compares orders on graphs of up to so many edges. A limit that depended on memory would
  /// make the result depend on it.
  static let autoEdgeLimit = 1 << 23
}
