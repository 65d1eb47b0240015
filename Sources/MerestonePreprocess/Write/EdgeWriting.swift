import MerestoneCore
import MerestonePartition
import MerestoneStorage

/// Sorts the buckets one after the other and writes every shard's edges.
///
/// A group of buckets is read and sorted on all threads while a thread beside them appends the group
/// before in order; so nobody waits for copying, checksums and the disk. A bucket that
/// does not fit the budget, a hub's, is cut by key ranges into a file of smaller ones first.
struct EdgeWriting {
  let plan: RoutePlan
  let buckets: BucketFile
  let columns: EdgeColumns
  /// Boundaries of the shards for each type. Shape `[types, shards + 1]`.
  let nodeBounds: [[UInt64]]
  let relations: [RelationTriple]
  let pageFormat: PageFormat
  let writer: GraphWriter
  let pool: ThreadPool
  /// Bytes for records and sorting.
  let memory: Int
  /// Whether equal edges are counted here, because no earlier stage has.
  let countsDuplicates: Bool
  /// Where a bucket that is cut goes.
  let temporaryFolder: String
  let progress: any ProgressListener
  let cancellation: Cancellation

  /// How far the stage has come, for the journal.
  struct State: Codable, Sendable {
    /// The next bucket to sort.
    var bucket = 0
    var piece: PieceWriter.State?
    var counts = RunCounts()
    /// The largest in-degree of each relation.
    var maximumInDegrees: [Int] = []
    /// Boundaries of the shards in the edges of each relation. Shape `[relations, shards + 1]`.
    var edgeBounds: [[UInt64]] = []
    /// Files that are complete.
    var files: [FileEntry] = []
    /// Whether all buckets are written.
    var isComplete = false
  }

  /// One bucket in memory.
  private final class Slot {
    var run = SortedRun()
    var records: [UInt8] = []
    var counts = RunCounts()
  }

  private var edgeBytes: Int {
    SortedRun.workingBytes(recordBytes: plan.recordBytes, rowBytes: plan.rowBytes)
  }

  /// - Parameters:
  ///   - state: Where an earlier run left off.
  ///   - edgesPerCheckpoint: How much work a killed run repeats at most.
  ///   - checkpoint: Keeps the state; buckets before it are given back afterwards.
  /// - Returns: The state at the end.
  func run(
    from state: State, edgesPerCheckpoint: Int,
    checkpoint: (State) throws(PreprocessError) -> Void
  ) throws(PreprocessError) -> State {
    var state = state
    if state.maximumInDegrees.isEmpty {
      state.maximumInDegrees = [Int](repeating: 0, count: relations.count)
      state.edgeBounds = plan.edgeBounds(
        relations: relations.count, shards: nodeBounds[0].count - 1)
    }
    let split = columns.position(of: "split").map(columns.range)
    let relation = columns.position(of: "relation").map(columns.range)
    var slots = Slots(count: 2 * pool.threadCount)
    let pages = ThreadPool(threads: pool.threadCount)
    var piece: PieceWriter?
    var pending: BackgroundJob<Appended>?
    defer { pending?.wait() }
    var kept = KeptState(state: state, released: state.bucket)
    var next = state.bucket
    var resumed = state.piece
    var sinceCheckpoint = 0
    removeIndexes(state)
    while next < plan.buckets.count {
      if cancellation.isCancelled { throw .interrupted }
      let place = plan.buckets[next]
      let owned = nodes(of: relations[place.relation].source, in: place.shard)
      if piece == nil { piece = try open(place, resumed, pages) }
      resumed = nil
      let group = group(from: next, slots: slots.count)
      prefetch(after: group)
      next = group.upperBound
      for bucket in group { sinceCheckpoint += plan.buckets[bucket].edges }
      let isOver = next == plan.buckets.count
      var step = Step(group: group)
      step.endsPiece = isOver || !plan.buckets[next].sharesPiece(with: place)
      step.isCheckpoint = isOver || sinceCheckpoint >= edgesPerCheckpoint
      if step.isCheckpoint { sinceCheckpoint = 0 }
      let bytes = group.reduce(0) { $0 + plan.buckets[$1].edges } * edgeBytes
      let waiting = slots.exchange()
      if bytes + waiting.bytes > memory, let job = pending {
        pending = nil
        try take(try job.value(), &kept, checkpoint)
        waiting.free()
      }
      guard bytes <= memory || piece == nil else {
        let counts = try cut(group.lowerBound, owned, relation: relation, split: split, to: piece!)
        try take(try end(step, of: piece, counts), &kept, checkpoint)
        if step.endsPiece { piece = nil }
        continue
      }
      let ready = slots.ready
      ready.bytes = bytes
      if piece != nil {
        try sort(group, ready.slots, relation: relation, split: split, shard: owned)
      }
      if let job = pending {
        pending = nil
        try take(try job.value(), &kept, checkpoint)
        waiting.free(above: memory / edgeBytes / (2 * slots.count))
      }
      pending = BackgroundJob { [piece, step] () throws(PreprocessError) in
        var counts = RunCounts()
        if let piece {
          for (slot, bucket) in zip(ready.slots, step.group) {
            try PreprocessError.storing { () throws(StorageError) in
              try piece.append(slot.run, start: plan.buckets[bucket].nodes.lowerBound, plan: plan)
            }
            counts += slot.counts
          }
        }
        return try end(step, of: piece, counts)
      }
      if step.endsPiece { piece = nil }
    }
    if let job = pending {
      pending = nil
      try take(try job.value(), &kept, checkpoint)
    }
    if !kept.state.isComplete {
      kept.state.isComplete = true
      try checkpoint(kept.state)
    }
    removeIndexes(kept.state)
    return kept.state
  }

  /// Buckets that are sorted together, and what follows when they are appended.
  private struct Step {
    var group: Range<Int>
    var endsPiece = false
    var isCheckpoint = false
  }

  /// What became of a step.
  private struct Appended {
    var step: Step
    var counts: RunCounts
    /// Of the piece that ended.
    var files: [FileEntry] = []
    var maximumInDegree = 0
    /// Of the piece that goes on, brought to the disk.
    var piece: PieceWriter.State?
  }

  /// The state for the journal, and the buckets that were given back.
  private struct KeptState {
    var state: State
    var released: Int
  }

  /// Two groups of buckets in memory: one is sorted while the other is appended.
  private struct Slots {
    let count: Int
    private(set) var ready: SlotGroup
    private var waiting: SlotGroup

    init(count: Int) {
      self.count = count
      ready = SlotGroup(count: count)
      waiting = SlotGroup(count: count)
    }

    /// - Returns: The group that is no longer ``ready``.
    mutating func exchange() -> SlotGroup {
      swap(&ready, &waiting)
      return waiting
    }
  }

  /// `@unchecked Sendable`: one job at a time has it, and the loop only once that has ended.
  private final class SlotGroup: @unchecked Sendable {
    let slots: [Slot]
    /// What sorting the buckets that are in it takes.
    var bytes = 0

    init(count: Int) { slots = (0..<count).map { _ in Slot() } }

    /// What a large bucket took must not stand beside the next ones.
    func free(above edges: Int = 0) {
      bytes = 0
      for slot in slots where slot.run.keys.count > edges {
        slot.run = SortedRun()
        slot.records = []
      }
    }
  }

  /// Completes the piece or brings it to the disk, as a step asks for.
  private func end(
    _ step: Step, of piece: PieceWriter?, _ counts: RunCounts
  ) throws(PreprocessError) -> Appended {
    var result = Appended(step: step, counts: counts)
    guard let piece else { return result }
    try PreprocessError.storing { () throws(StorageError) in
      if step.endsPiece {
        result.files = try piece.finish()
        result.maximumInDegree = piece.maximumInDegree
      } else if step.isCheckpoint {
        result.piece = try piece.checkpoint()
      }
    }
    return result
  }

  /// Takes what became of a step into the state, and keeps that where the step asks for it.
  private func take(
    _ result: Appended, _ kept: inout KeptState,
    _ checkpoint: (State) throws(PreprocessError) -> Void
  ) throws(PreprocessError) {
    let group = result.step.group
    let relation = plan.buckets[group.lowerBound].relation
    kept.state.bucket = group.upperBound
    kept.state.counts += result.counts
    kept.state.files += result.files
    kept.state.maximumInDegrees[relation] = max(
      kept.state.maximumInDegrees[relation], result.maximumInDegree)
    kept.state.piece = result.piece
    guard result.step.isCheckpoint else { return }
    kept.state.isComplete = kept.state.bucket == plan.buckets.count
    try checkpoint(kept.state)
    for bucket in kept.released..<kept.state.bucket { buckets.release(bucket) }
    kept.released = kept.state.bucket
    removeIndexes(kept.state)
  }

  /// Appends a bucket that does not fit.
  private func cut(
    _ bucket: Int, _ owned: Range<Int>, relation: Range<Int>?, split: Range<Int>?,
    to piece: PieceWriter
  ) throws(PreprocessError) -> RunCounts {
    let cutter = BucketCutter(
      plan: plan, start: plan.buckets[bucket].nodes.lowerBound, edgeLimit: memory / edgeBytes,
      relation: relation, folder: temporaryFolder, cancellation: cancellation)
    var counts = RunCounts()
    try cutter.forEachRun(of: bucket, in: buckets) {
      (run: inout SortedRun) throws(PreprocessError) in
      counts += RunCounts(
        run, plan: plan, shard: owned, split: split, countsDuplicates: countsDuplicates)
      run.takeLists(plan)
      let count = run.count
      try PreprocessError.storing { () throws(StorageError) in
        try piece.append(run, start: cutter.start, plan: plan)
      }
      progress.advance(by: count)
    }
    return counts
  }

  /// Files that are complete and in the journal need no way back.
  private func removeIndexes(_ state: State) {
    for file in state.files where file.path.hasSuffix(".csc") {
      EdgeStoreWriter.removeIndex(of: file.path)
    }
  }

  /// The nodes of a type that a shard owns.
  private func nodes(of type: Int, in shard: Int) -> Range<Int> {
    Int(nodeBounds[type][shard])..<Int(nodeBounds[type][shard + 1])
  }

  /// The writer of the edges of a relation in a shard; nil where there are none.
  private func open(
    _ place: RoutePlan.Bucket, _ state: PieceWriter.State?, _ pages: ThreadPool
  ) throws(PreprocessError) -> PieceWriter? {
    let edges = plan.buckets.reduce(0) { $0 + ($1.sharesPiece(with: place) ? $1.edges : 0) }
    guard edges > 0 else { return nil }
    let (relation, id) = (RelationID(place.relation), ShardID(place.shard))
    let triple = relations[place.relation]
    let sources = nodeBounds[triple.source].last!
    let piece = PieceWriter.Piece(
      edgesPath: writer.path(GraphLayout.edges(relation, shard: id)),
      columnPaths: columns.columns.indices.map {
        writer.path(GraphLayout.edgeColumn($0, of: relation, shard: id))
      },
      nodes: nodes(of: triple.destination, in: place.shard), edges: edges,
      maximumSource: sources - 1, pageFormat: pageFormat, columns: columns)
    return try PreprocessError.storing { () throws(StorageError) in
      try PieceWriter(piece, pool: pages, resuming: state)
    }
  }

  /// Buckets of one file that fit the budget together, at least one.
  private func group(from first: Int, slots: Int) -> Range<Int> {
    var end = first
    var bytes = 0
    while end < plan.buckets.count, end - first < slots,
      plan.buckets[end].sharesPiece(with: plan.buckets[first])
    {
      bytes += plan.buckets[end].edges * edgeBytes
      if end > first, bytes > memory { break }
      end += 1
    }
    return first..<end
  }

  private func prefetch(after group: Range<Int>) {
    for bucket in group.upperBound..<min(group.upperBound + group.count, plan.buckets.count) {
      buckets.prefetch(bucket)
    }
  }

  private func sort(
    _ group: Range<Int>, _ slots: [Slot], relation: Range<Int>?, split: Range<Int>?,
    shard: Range<Int>
  ) throws(PreprocessError) {
    try pool.forEach(group.count) { (place) throws(PreprocessError) in
      let bucket = group.lowerBound + place
      let slot = slots[place]
      try PreprocessError.storing { () throws(StorageError) in
        try buckets.read(bucket, into: &slot.records)
      }
      let expected = plan.buckets[bucket].edges
      guard slot.records.count == expected * plan.recordBytes else {
        throw .partition(
          .inconsistent(
            check: "the number of edges into nodes \(plan.buckets[bucket].nodes)",
            expected: expected, found: slot.records.count / plan.recordBytes))
      }
      slot.run.sort(slot.records, plan: plan, relation: relation)
      slot.counts = RunCounts(
        slot.run, plan: plan, shard: shard, split: split, countsDuplicates: countsDuplicates)
      slot.run.takeLists(plan)
      progress.advance(by: slot.run.count)
    }
  }
}

extension RoutePlan.Bucket {
  /// Whether the edges of both go to one file.
  func sharesPiece(with other: Self) -> Bool {
    shard == other.shard && relation == other.relation
  }
}
