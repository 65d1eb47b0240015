import MerestoneCore
import MerestonePartition
import MerestoneStorage

extension PreprocessRun {
  /// Stores the out-edges of a relation where they are asked for.
  ///
  /// - Returns: What the manifest says about them; nil where they are not.
  mutating func writeReverse(
    _ relation: RelationID = RelationID(0), sourceBounds: [UInt64], destinationBounds: [UInt64],
    edgeBounds: [UInt64], _ journal: inout Journal, _ workplace: Workplace,
    _ writer: GraphWriter
  ) throws(PreprocessError) -> ReverseEntry? {
    guard options.storesReverse else { return nil }
    let number = relation.rawValue
    var records = journal.reversed ?? []
    while records.count <= number { records.append(ReverseStage.Record()) }
    if !records[number].isComplete {
      let edgeCount = Int(edgeBounds.last! - edgeBounds[0])
      // Counted, routed, written.
      clock.begin("reverse", total: 3 * edgeCount, unit: "edges")
      let stage = ReverseStage(
        relation: relation, sourceBounds: sourceBounds, destinationBounds: destinationBounds,
        edgeBounds: edgeBounds, writer: writer, folder: workplace.folder,
        memory: plan.buffers(beside: 0, atMost: pool.threadCount * (192 << 20)), pool: pool,
        progress: progress, cancellation: cancellation)
      var held = journal
      var run = self
      records[number] = try stage.run(from: records[number]) { (record) throws(PreprocessError) in
        records[number] = record
        held.reversed = records
        try run.keep(&held, workplace)
      }
      journal = held
      journal.reversed = records
      clock.end("\(edgeCount.grouped) out-edges written", work: edgeCount, unit: "edges")
      try keep(&journal, workplace)
    }
    writer.add(records[number].files)
    return records[number].entry
  }
}
