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

  /// Goes through the order of every list.
  func checkOrder(_ number: Int) -> Verification.Finding {
    var finding = Verification.Finding()
    do throws(StorageError) {
      try checkOrder(orderFiles[number])
    } catch {
      finding.errors.append(error)
    }
    return finding
  }

  /// Places are in order where each is behind the one before it, by time and position; then no edge is
  /// there twice, so all are.
  private func checkOrder(_ file: OrderFile) throws(StorageError) {
    var lists = ListEnds(file.edges)
    var (start, end, row) = (0, 0, 0)
    var before: (time: Int64, position: Int)?
    for place in 0..<file.edges.edgeCount {
      if place & 0xffff == 0 {
        if cancellation?.isCancelled ?? false { throw .interrupted(path: graph.path) }
        // Nothing of the files stays mapped behind this.
        file.positions.drop()
        file.times.drop()
        file.orderedTimes?.drop()
      }
      while place == end {
        (start, end) = (end, try lists.next())
        before = nil
      }
      let position = Int(try file.positions.unsigned(at: place))
      guard position < end - start else {
        throw corrupt(file, place, "a position below \(end - start)", "\(position)")
      }
      let time = try file.times.time(at: start + position)
      if let before, (before.time, position) <= (time, before.position) {
        throw corrupt(
          file, place, "an edge behind time \(before.time), position \(before.position)",
          "time \(time), position \(position)")
      }
      before = (time, position)
      guard (file.firstEdge + UInt64(place)) & UInt64(file.entry.spacing - 1) == 0,
        let ordered = file.orderedTimes
      else { continue }
      let found = try ordered.integer(at: row)
      guard found == time else {
        throw .corrupt(
          path: ordered.path, byteOffset: ordered.byteOffset(ofRow: row),
          field: "time in the order, row \(row)", expected: "\(time)", found: "\(found)")
      }
      row += 1
    }
  }

  private func corrupt(
    _ file: OrderFile, _ place: Int, _ expected: String, _ found: String
  ) -> StorageError {
    .corrupt(
      path: file.positions.path, byteOffset: file.positions.byteOffset(ofRow: place),
      field: "order of times, row \(place)", expected: expected, found: found)
  }
}
