import MerestoneCore

extension VerificationRun {
  /// The cumulative weights of an edge column in one shard.
  struct SumFile: Sendable {
    var sums: Column?
    var weights: Column
    var edges: EdgeStore
    var firstEdge: UInt64
    var relation: RelationID
    var number: Int
    var entry: CumulativeWeights
  }

  mutating func collectSums(
    _ piece: GraphStore.Piece, _ number: Int, _ relation: RelationID, _ shard: ShardID
  ) throws(StorageError) {
    let sums = try graph.openColumn(piece)
    if let sums { columns.append(ColumnFile(column: sums, rule: nil)) }
    let entry = graph.manifest.relations[relation.rawValue]
    guard let cumulative = entry.columns[number].cumulative,
      let edges = try graph.openEdges(relation, entry, shard),
      let weights = try graph.openColumn(.edgeColumn(number, relation, shard))
    else { return }
    sumFiles.append(
      SumFile(
        sums: sums, weights: weights, edges: edges,
        firstEdge: graph.book.edges(of: relation, in: shard).lowerBound, relation: relation,
        number: number, entry: cumulative))
  }

  /// Adds the weights up again.
  func checkSums(_ number: Int) -> Verification.Finding {
    let file = sumFiles[number]
    var finding = Verification.Finding(sumFile: number)
    do throws(StorageError) {
      finding.everyEdgeCounts = try checkSums(file)
    } catch {
      finding.errors.append(error)
    }
    return finding
  }

  /// Returns whether every edge counts.
  private func checkSums(_ file: SumFile) throws(StorageError) -> Bool {
    var row = 0
    let outcome = try WeightSummation(
      edges: file.edges, weights: file.weights, firstEdge: file.firstEdge,
      spacing: file.entry.spacing
    ).run { (expected, _) throws(StorageError) in
      if cancellation?.isCancelled ?? false { throw .interrupted(path: graph.path) }
      // Nothing of the files stays mapped behind this.
      file.weights.drop()
      guard let sums = file.sums else { return }
      sums.drop()
      for index in expected.indices {
        let found = try sums.value(at: row)
        guard found.bitPattern == expected[index].bitPattern else {
          throw .corrupt(
            path: sums.path, byteOffset: sums.byteOffset(ofRow: row),
            field: "sum of weights in row \(row)", expected: "\(expected[index])", found: "\(found)"
          )
        }
        row += 1
      }
    }
    switch outcome {
    case .complete(let everyEdgeCounts): return everyEdgeCounts
    case .badWeight(let value, let edge):
      throw .corrupt(
        path: file.weights.path, byteOffset: file.weights.byteOffset(ofRow: edge),
        field: "weight of edge \(file.firstEdge + UInt64(edge))", expected: "0 or more",
        found: "\(value)")
    case .overflow(let destination):
      throw .corrupt(
        path: file.weights.path, byteOffset: 0,
        field: "sum of the weights of list \(destination)",
        expected: "a finite number", found: "infinity")
    }
  }

  /// Compares what the manifest says about all lists of a column with what was found.
  mutating func concludeSums(_ findings: [Verification.Finding]) {
    for (relation, entry) in graph.manifest.relations.enumerated() {
      for (number, column) in entry.columns.enumerated() {
        guard let cumulative = column.cumulative else { continue }
        let found = findings.allSatisfy {
          $0.sumFile < 0 || sumFiles[$0.sumFile].relation.rawValue != relation
            || sumFiles[$0.sumFile].number != number || $0.everyEdgeCounts
        }
        guard found != cumulative.everyEdgeCounts else { continue }
        errors.append(
          .corrupt(
            path: graph.path + "/" + GraphManifest.fileName, byteOffset: 0,
            field: "whether every edge counts in the cumulative weights of \(column.name)",
            expected: "\(found)", found: "\(cumulative.everyEdgeCounts)"))
      }
    }
  }

  // MARK: - Orders of times

  /// The order of an edge column of times in one shard.
  struct OrderFile: Sendable {
    var positions: Column
    var orderedTimes: Column?
    var times: Column
    var edges: EdgeStore
    var firstEdge: UInt64
    var entry: TimeOrder
  }

  mutating func collectOrder(
    _ piece: GraphStore.Piece, _ number: Int, _ relation: RelationID, _ shard: ShardID
  ) throws(StorageError) {
    let positions = try graph.openColumn(piece)
    if let positions { columns.append(ColumnFile(column: positions, rule: nil)) }
    let entry = graph.manifest.relations[relation.rawValue]
    guard let order = entry.columns[number].order, let positions,
      let edges = try graph.openEdges(relation, entry, shard),
      let times = try graph.openColumn(.edgeColumn(number, relation, shard))
    else { return }
    orderFiles.append(
      OrderFile(
        positions: positions,
        orderedTimes: try graph.openColumn(.edgeTimes(number, relation, shard)), times: times,
        edges: edges, firstEdge: graph.book.edges(of: relation, in: shard).lowerBound, entry: order)
    )
  }

  /// Puts every list in order again.
  func checkOrder(_ number: Int) -> Verification.Finding {
    var finding = Verification.Finding()
    do throws(StorageError) {
      try checkOrder(orderFiles[number])
    } catch {
      finding.errors.append(error)
    }
    return finding
  }

  /// Sorts the lists again.
  private func checkOrder(_ file: OrderFile) throws(StorageError) {
    var (place, row) = (0, 0)
    try TimeSorting(
      edges: file.edges, times: file.times, firstEdge: file.firstEdge, spacing: file.entry.spacing,
      portion: 1 << 18
    ).run { (positions, times) throws(StorageError) in
      if cancellation?.isCancelled ?? false { throw .interrupted(path: graph.path) }
      // Nothing of the files stays mapped behind this.
      file.times.drop()
      file.positions.drop()
      file.orderedTimes?.drop()
      for index in positions.indices {
        let found = try file.positions.unsigned(at: place)
        guard found == UInt64(positions[index]) else {
          throw .corrupt(
            path: file.positions.path, byteOffset: file.positions.byteOffset(ofRow: place),
            field: "order of times, row \(place)", expected: "position \(positions[index])",
            found: "\(found)")
        }
        place += 1
      }
      guard let ordered = file.orderedTimes else { return }
      for index in times.indices {
        let found = try ordered.integer(at: row)
        guard found == times[index] else {
          throw .corrupt(
            path: ordered.path, byteOffset: ordered.byteOffset(ofRow: row),
            field: "time in the order, row \(row)", expected: "\(times[index])", found: "\(found)")
        }
        row += 1
      }
    }
  }
}
