package import MerestoneCore
package import MerestoneSampling
package import MerestoneStorage

/// The columns of one graph as a node-classification task reads them.
package final class TrainingData: Sendable {
  package let store: GraphStore
  package let nodeType: NodeTypeID
  package let featureCount: Int
  package let classCount: Int
  private let features: NodeRows
  private let labelColumn: String
  private let splitColumn: String
  private let normalization: TrainingOptions.FeatureNormalization

  /// - Throws: ``TrainingError/missingColumn(name:purpose:flag:available:)``, or the store's error.
  package init(store: GraphStore, options: TrainingOptions) throws(TrainingError) {
    guard store.manifest.nodeTypes.count == 1, store.manifest.relations.count == 1 else {
      throw .usage(
        "\(store.path) has \(store.manifest.nodeTypes.count) node types and "
          + "\(store.manifest.relations.count) relations with edges of their own, and models train on "
          + "one of each; preprocess a node table without the column type, and without --relations "
          + "split")
    }
    self.store = store
    store.columnBudget.set(options.columnByteCount)
    nodeType = NodeTypeID(store.manifest.relations[0].destinationType)
    let entry = store.manifest.nodeTypes[nodeType.rawValue]
    func column(
      _ name: String, _ purpose: String, _ flag: String
    ) throws(TrainingError) -> ColumnEntry {
      guard let found = entry.columns.first(where: { $0.name == name }) else {
        throw .missingColumn(
          name: name, purpose: purpose, flag: flag, available: entry.columns.map(\.name))
      }
      return found
    }
    featureCount =
      try column(options.featureColumn, "features", "--feature-column").width
    do throws(StorageError) {
      features = try NodeRows(options.featureColumn, of: nodeType, in: store)
    } catch {
      throw .storage(error)
    }
    labelColumn = options.labelColumn
    splitColumn = options.splitColumn
    normalization = options.normalizeFeatures
    let label = try column(labelColumn, "labels", "--label-column")
    let split = try column(splitColumn, "the split", "--split-column")
    guard split.element == .u8, split.width == 1 else {
      throw .usage(
        "column '\(splitColumn)' does not hold a split; its values must be "
          + "train, val, test or -")
    }
    guard label.width == 1, !Self.isReal(label.element) else {
      throw .usage(
        "column '\(labelColumn)' does not hold labels: they are words or whole numbers, one for "
          + "each node; name the column that has them with --label-column")
    }
    if let categories = label.categories {
      classCount = categories.count
    } else {
      classCount = try Self.largestInteger(of: labelColumn, nodeType, in: store) + 1
    }
    guard classCount >= 2 else {
      throw .usage(
        "column '\(labelColumn)' has \(classCount) classes; classification needs at least 2")
    }
  }

  /// The class names: the label's words, or its numbers.
  package var classNames: [String] {
    let entry = store.manifest.nodeTypes[nodeType.rawValue]
    let label = entry.columns.first { $0.name == labelColumn }
    return label?.categories ?? (0..<classCount).map(String.init)
  }

  /// The labelled nodes of one split, ascending by global id.
  /// - Throws: ``TrainingError/noNodes(split:column:)`` when there are none.
  package func nodes(of split: Split) throws(TrainingError) -> [NodeID] {
    var nodes: [NodeID] = []
    do throws(StorageError) {
      for shard in 0..<store.book.shardCount {
        let bounds = store.book.nodes(of: nodeType, in: ShardID(shard))
        guard
          let splits = try store.nodeColumn(splitColumn, type: nodeType, shard: ShardID(shard)),
          let labels = try store.nodeColumn(labelColumn, type: nodeType, shard: ShardID(shard))
        else { continue }
        let code = Int64(split.rawValue)
        var wanted: [Int] = []
        try splits.forEachInteger { (row, found) in if found == code { wanted.append(row) } }
        var next = 0
        try labels.forEachInteger { (row, label) in
          guard next < wanted.count, wanted[next] == row else { return }
          next += 1
          if label >= 0 { nodes.append(NodeID(bounds.lowerBound + UInt64(row))) }
        }
      }
    } catch {
      throw .storage(error)
    }
    guard !nodes.isEmpty else { throw .noNodes(split: split.word, column: splitColumn) }
    return nodes
  }

  /// The labels of `nodes`; -1 where there is none. Shape `[n]`.
  package func labels(of nodes: [NodeID]) throws(TrainingError) -> [Int32] {
    var labels: [Int32] = []
    labels.reserveCapacity(nodes.count)
    do throws(StorageError) {
      for node in nodes {
        guard let place = store.book.locate(node, type: nodeType),
          let column = try store.nodeColumn(labelColumn, type: nodeType, shard: place.shard)
        else { preconditionFailure("node \(node) has no label row") }
        labels.append(Int32(clamping: try column.integer(at: Int(place.local.rawValue))))
      }
    } catch {
      throw .storage(error)
    }
    return labels
  }

  /// Gathers the feature rows of `nodes`, scaled as the run asks for.
  ///
  /// - Parameters:
  ///   - rows: Filled row-major. Shape `[n, featureCount]`.
  ///   - pulse: Where it says that it gets on; with one, what is not in memory is read ahead.
  package func gatherFeatures(
    of nodes: [NodeID], into rows: inout MutableSpan<Float>, pulse: Pulse? = nil
  ) throws(TrainingError) {
    func beat() throws(StorageError) { try pulse?.check(reading: features.name) }
    do throws(StorageError) {
      if pulse != nil { try features.readAhead(of: nodes.span, between: beat) }
      try features.copyRows(of: nodes.span, into: &rows, between: beat)
    } catch {
      throw .storage(error)
    }
    if normalization == .row { Self.normalizeRows(&rows, width: featureCount) }
  }

  private static func normalizeRows(_ rows: inout MutableSpan<Float>, width: Int) {
    guard width > 0 else { return }
    for row in 0..<rows.count / width {
      var sum: Float = 0
      for column in 0..<width { sum += rows[row &* width &+ column] }
      guard sum != 0 else { continue }
      let scale = 1 / sum
      for column in 0..<width { rows[row &* width &+ column] *= scale }
    }
  }

  private static func isReal(_ element: ElementType) -> Bool {
    switch element {
    case .f16, .f32, .f64: true
    case .u8, .u16, .u32, .u64, .i32, .i64: false
    }
  }

  private static func largestInteger(
    of column: String, _ type: NodeTypeID, in store: GraphStore
  ) throws(TrainingError) -> Int {
    var largest: Int64 = -1
    do throws(StorageError) {
      for shard in 0..<store.book.shardCount {
        guard let values = try store.nodeColumn(column, type: type, shard: ShardID(shard)) else {
          continue
        }
        try values.forEachInteger { (_, value) in largest = max(largest, value) }
      }
    } catch {
      throw .storage(error)
    }
    guard largest < 1 << 20 else {
      throw .usage(
        "column '\(column)' has labels up to \(largest); labels must be classes 0, 1, 2, ... "
          + "below 1,048,576")
    }
    return Int(largest)
  }
}
