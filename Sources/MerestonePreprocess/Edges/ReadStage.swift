import MerestoneCore
import MerestoneIngest
import MerestoneStorage
import Synchronization

/// Reads all edge files, several at a time: text and compressed files into spools, plain binary
/// ones not at all.
struct ReadStage {
  let inputs: InputFiles
  let folder: String
  let memory: Int
  let pool: ThreadPool
  let progress: any ProgressListener
  let cancellation: Cancellation

  /// How far reading has come, for the journal.
  struct Result: Codable, Sendable {
    /// One input file. Plain binary files have no blocks.
    struct Part: Codable, Sendable {
      var isPairs = false
      var blocks: [SpoolFile.Block] = []
      var columns: [ColumnBuilder] = []
      /// Where to read on.
      var end: TextPosition?
    }

    var parts: [Part] = []
    /// Set once all files are read.
    var columns: EdgeColumns?
    var warnings: [String] = []
  }

  /// Edges of a block of the spool.
  private static let blockEdges = 1 << 17

  /// - Parameters:
  ///   - result: Where an earlier run left off.
  ///   - bytesPerCheckpoint: Bytes of the spool between two calls of `checkpoint`.
  ///   - checkpoint: Keeps the state.
  func run(
    from result: Result?, bytesPerCheckpoint: Int,
    checkpoint: (Result) throws(PreprocessError) -> Void
  ) throws(PreprocessError) -> Result {
    var result =
      result
      ?? Result(parts: inputs.edges.map { Result.Part(isPairs: Self.pairs(of: $0) != nil) })
    let read = result.parts.indices.filter { !result.parts[$0].isPairs }
    if !read.isEmpty {
      let spools = try SpoolSet(
        parts: read.map { result.parts[$0] }, paths: read.map { Self.path(folder, $0) },
        readers: read.map { inputs.edges[$0] }, blockEdges: Self.blockEdges)
      let state = Mutex((spooled: 0, result: result))
      let edges = EdgeInputs(readers: read.map { inputs.edges[$0] })
      try withoutActuallyEscaping(checkpoint) { keep throws(PreprocessError) in
        let keeper = Keeper(keep: keep)
        try edges.read(
          from: read.map { result.parts[$0].end }, pool: pool,
          memory: max(memory, edges.leastMemory), cancellation: cancellation,
          progress: { [progress] in progress.advance(by: $0) },
          wrapping: { PreprocessError.ingest($0).unified },
          sink: { (file: Int, batch: consuming EdgeBatch) throws(PreprocessError) in
            guard let part = try spools.append(batch, to: file) else { return }
            try state.withLock { (held) throws(PreprocessError) in
              held.spooled += part.blocks.last?.byteCount ?? 0
              held.result.parts[read[file]] = part
              guard held.spooled >= bytesPerCheckpoint else { return }
              held.spooled = 0
              try keeper.keep(held.result)
            }
          })
      }
      result = state.withLock { $0.result }
      for (file, number) in read.enumerated() {
        result.parts[number] = try spools.finish(file)
      }
    }
    for reader in inputs.edges {
      try PreprocessError.reading { () throws(IngestError) in try reader.checkUnchanged() }
    }
    let builders = result.parts.map(\.columns)
    result.columns = merged(builders, &result.warnings)
    for number in result.parts.indices { result.parts[number].columns = [] }
    return result
  }

  /// Lets the sink call a closure that does not escape; calls come under a lock.
  private struct Keeper: @unchecked Sendable {
    let keep: (Result) throws(PreprocessError) -> Void
  }

  /// Where a plain binary file's pairs lie; nil for a file that has to be spooled.
  private static func pairs(of reader: EdgeListReader) -> PairLayout? {
    reader.pairLayout.flatMap { $0.isSigned ? nil : $0 }
  }

  private static func path(_ folder: String, _ number: Int) -> String {
    "\(folder)/edges-\(number).tmp"
  }

  /// Opens what ``run(from:bytesPerCheckpoint:checkpoint:)`` made.
  func open(_ result: Result) throws(PreprocessError) -> RawEdges {
    var parts: [RawEdges.Part] = []
    let rowBytes = result.columns!.spoolRowBytes
    for (number, part) in result.parts.enumerated() {
      let reader = inputs.edges[number]
      if part.isPairs {
        guard let place = Self.pairs(of: reader) else { throw .inputChanged(file: reader.path) }
        parts.append(
          .pairs(
            try PairFile(
              path: reader.path, byteOffset: place.byteOffset, idBytes: place.idBytes,
              edgeCount: place.count)))
      } else {
        parts.append(
          .spool(
            try PreprocessError.storing { () throws(StorageError) in
              try SpoolFile(
                path: Self.path(folder, number), blocks: part.blocks, rowBytes: rowBytes)
            }))
      }
    }
    return RawEdges(parts)
  }

  /// One set of columns out of those of all files: codes in the order of first appearance.
  private func merged(
    _ builders: [[ColumnBuilder]], _ warnings: inout [String]
  ) -> EdgeColumns {
    var columns = EdgeColumns()
    guard let first = inputs.edges.first else { return columns }
    for (number, column) in first.columns.enumerated() {
      var riding = RidingColumn(name: column.name, type: column.type ?? .number)
      let files = builders.map { $0.isEmpty ? nil : $0[number] }
      switch riding.kind {
      case .integer, .split: break
      case .number:
        if files.allSatisfy({ $0?.isNarrow ?? true }) { riding.element = .f32 }
      case .word:
        var dictionary = CategoryDictionary()
        riding.codes = files.map { file in
          (file?.dictionary.words ?? []).map { dictionary.code(of: $0) }
        }
        riding.isLeftOut =
          files.contains { $0?.isLeftOut ?? false }
          || (dictionary.count > ColumnData.categoryLimit && column.name != "relation")
        riding.words = dictionary.words
        riding.element =
          dictionary.count <= 256 ? .u8 : dictionary.count <= 65_536 ? .u16 : .u32
        if riding.isLeftOut {
          riding.words = nil
          riding.codes = []
          warnings.append(
            "edge column '\(column.name)' has more than "
              + "\(ColumnData.categoryLimit.grouped) distinct words and is left out; remove it "
              + "from the input to be rid of this warning")
        }
      }
      columns.spooled.append(riding)
    }
    return columns
  }
}
