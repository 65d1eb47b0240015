import MerestoneCore
import MerestoneIngest
import MerestonePartition
import MerestoneStorage

/// Numbers the nodes: in the order of the node table, else ascending integers, else strings by
/// first appearance.
struct NumberStage {
  let raw: RawEdges
  let inputs: InputFiles
  let table: NodeTable?
  let options: PreprocessOptions
  let folder: String
  let memory: Int
  let pool: ThreadPool
  let progress: any ProgressListener
  let cancellation: Cancellation

  /// What came of it, for the journal.
  struct Record: Codable, Sendable {
    enum Form: Codable, Sendable {
      case identity
      case rank(words: ArrayFile.Entry)
      case listed(added: [UInt64])
      case dictionary(NodeDictionary.Summary)
    }

    var form: Form
    var count: Int
    /// Nodes of the node table, or those that are known otherwise; added ones follow.
    var listed: Int
    /// Counted on the way where the ids are integers without gaps worth mentioning.
    var scan: CountStage.Record?
  }

  private var wordsPath: String { "\(folder)/ranks.tmp" }

  /// Finds out how to number the nodes.
  func run() throws(PreprocessError) -> Record {
    if inputs.idKind == .string {
      if table == nil, let features = inputs.features {
        throw .featuresNeedNodes(file: features.path)
      }
      return try dictionary(kind: .string)
    }
    if let table { return try listed(IntegerIndex(integers(of: table)), count: table.count) }
    if let count = options.nodeCount ?? inputs.features?.rowCount {
      guard count <= Partition.nodeLimit else { throw .tooManyNodes(limit: Partition.nodeLimit) }
      return try listed(IntegerIndex(count: count), count: count, isIdentity: true)
    }
    if let record = try scan() { return record }
    return try dictionary(kind: .integer)
  }

  private func integers(of table: NodeTable) -> [UInt64] {
    guard case .integers(let ids) = table.ids else {
      preconditionFailure("a table with ids of another kind")
    }
    return ids
  }

  /// Makes the numbers usable.
  /// - Parameter verifies: Whether files that another run wrote are compared with their checksums
  ///   first, where reading them later does not.
  func open(_ record: Record, verifies: Bool) throws(PreprocessError) -> NodeNumbers {
    switch record.form {
    case .identity: return .identity(count: record.count)
    case .rank(let entry):
      return try PreprocessError.storing { () throws(StorageError) in
        .rank(
          IntegerRank(
            words: try ArrayFile.read(entry, of: UInt64.self, from: wordsPath)))
      }
    case .listed(let added):
      let known = table.map(integers) ?? (0..<UInt64(record.listed)).map { $0 }
      let ids = known + added
      return .listed(IntegerIndex(ids), ids: ids)
    case .dictionary(let summary):
      return try PreprocessError.storing { () throws(StorageError) in
        .dictionary(
          try NodeDictionary(folder: folder, summary: summary, verifies: verifies),
          limit: record.count)
      }
    }
  }

  // MARK: - Integers in memory

  /// Counts integers where they lie; nil where they are too sparse for that.
  private func scan() throws(PreprocessError) -> Record? {
    let table = DegreeTable(
      memory: MemoryPlan.counterBytes(of: memory, options: options.partition),
      countsSources: options.partition.needsNeighbors)
    let count = CountStage(
      memory: memory / 4, pool: pool, progress: progress, cancellation: cancellation)
    guard let tally = try count.scan(raw, into: table, dropsSelfLoops: options.selfLoops == .drop)
    else { return nil }
    var words = table.presence(pool: pool)
    for word in tally.loops.indices {
      if word >= words.count {
        words.append(tally.loops[word])
      } else {
        words[word] |= tally.loops[word]
      }
    }
    let rank = IntegerRank(words: words)
    let isIdentity = rank.count == words.count * 64 - (words.last?.leadingZeroBitCount ?? 0)
    let keepsTotals = options.partition.needsNeighbors
    let degrees = table.takeDegrees(count: rank.count, keepsTotals: keepsTotals, pool: pool) {
      isIdentity ? UInt32(truncatingIfNeeded: $0) : rank.number(of: $0)
    }
    var scanned = CountStage.Record(tally: tally.counts)
    var record = Record(form: .identity, count: rank.count, listed: rank.count)
    try PreprocessError.storing { () throws(StorageError) in
      scanned.degrees = try degrees.write(folder: folder)
      if !isIdentity { record.form = .rank(words: try ArrayFile.write(words, to: wordsPath)) }
    }
    record.scan = scanned
    return record
  }

  /// Finds ids that are not listed, and settles them as the policy says.
  private func listed(
    _ index: IntegerIndex, count: Int, isIdentity: Bool = false
  ) throws(PreprocessError) -> Record {
    let plain = Record(
      form: isIdentity ? .identity : .listed(added: []), count: count, listed: count)
    guard options.unlistedNodes == .add else { return plain }
    let search = UnlistedSearch(raw: raw, pool: pool, cancellation: cancellation)
    let added = try search.ids(notIn: index)
    guard !added.isEmpty else { return plain }
    return Record(form: .listed(added: added), count: count + added.count, listed: count)
  }

  // MARK: - Dictionary

  private func dictionary(kind: RawIDKind) throws(PreprocessError) -> Record {
    var builder = try PreprocessError.storing { () throws(StorageError) in
      try DictionaryBuilder(
        folder: folder,
        plan: DictionaryPlan(memory: memory, kind: kind, threads: pool.threadCount), kind: kind,
        pool: pool, cancellation: cancellation)
    }
    if let table {
      try PreprocessError.storing { () throws(StorageError) in try builder.appendListed(table.ids) }
    }
    var bytes: [UInt8] = []
    for index in 0..<raw.chunkCount {
      if cancellation.isCancelled { throw .interrupted }
      let place = raw.place(ofChunk: index)
      let ends = try raw.read(part: place.part, chunk: place.chunk, into: &bytes)
      let (sources, destinations) = RawIDDecoding.columns(bytes, ends)
      try PreprocessError.storing { () throws(StorageError) in
        try builder.append(sources: sources, destinations: destinations)
      }
      progress.advance(by: ends.count)
    }
    let summary = try finish(builder)
    let listed = table?.count ?? summary.count
    let count = options.unlistedNodes == .add ? summary.count : min(listed, summary.count)
    return Record(form: .dictionary(summary), count: count, listed: listed)
  }

  private func finish(
    _ builder: consuming DictionaryBuilder
  ) throws(PreprocessError) -> NodeDictionary.Summary {
    do throws(StorageError) {
      return try builder.finish(progress: progress).summary
    } catch {
      throw PreprocessError.storage(error).unified
    }
  }
}

/// Turns the bytes of a chunk into columns of raw ids.
enum RawIDDecoding {
  static func columns(
    _ bytes: [UInt8], _ ends: RawEdges.Ends
  ) -> (sources: RawIDColumn, destinations: RawIDColumn) {
    let count = ends.count
    // SAFETY: every byte of an array of bytes is initialised.
    let span = unsafe bytes.span.bytes
    switch ends.form {
    case .strings:
      var offsets: [Int] = []
      for place in 0...2 * count {
        // SAFETY: the block begins with `2 * count + 1` offsets.
        offsets.append(
          Int(unsafe span.unsafeLoadUnaligned(fromByteOffset: 4 * place, as: UInt32.self)))
      }
      let start = 4 * (2 * count + 1)
      return (
        .strings(ByteStrings(bytes, base: start, offsets: offsets[0...count])),
        .strings(ByteStrings(bytes, base: start, offsets: offsets[count...2 * count]))
      )
    case .u32, .u64:
      let width = ends.form == .u32 ? 4 : 8
      func id(_ place: Int) -> UInt64 {
        // SAFETY: the block holds `2 * count` ids of `width` bytes.
        width == 4
          ? UInt64(unsafe span.unsafeLoadUnaligned(fromByteOffset: 4 * place, as: UInt32.self))
          : unsafe span.unsafeLoadUnaligned(fromByteOffset: 8 * place, as: UInt64.self)
      }
      let step = ends.isInterleaved ? 2 : 1
      let second = ends.isInterleaved ? 1 : count
      return (
        .integers((0..<count).map { id(step * $0) }),
        .integers((0..<count).map { id(second + step * $0) })
      )
    }
  }

  /// The raw id at one end of one edge, as text.
  static func text(_ bytes: [UInt8], _ ends: RawEdges.Ends, edge: Int, isSource: Bool) -> String {
    let (sources, destinations) = columns(bytes, ends)
    return (isSource ? sources : destinations).text(edge)
  }
}
