import MerestoneCore
import MerestoneIngest
import MerestoneStorage

/// The spools of several files that are read at the same time.
///
/// `@unchecked Sendable`: batches of one file come one after the other, and each file has a state
/// of its own.
final class SpoolSet: @unchecked Sendable {
  private final class Spool {
    var writer: SpoolWriter
    var columns: [ColumnBuilder]
    var block = SpoolBlock()
    var end: TextPosition?

    init(
      _ part: ReadStage.Result.Part, path: String, reader: EdgeListReader
    ) throws(StorageError) {
      if part.end == nil {
        writer = try SpoolWriter(path: path)
        columns = reader.columns.map(ColumnBuilder.init)
      } else {
        writer = try SpoolWriter(path: path, resuming: part.blocks)
        columns = part.columns
      }
    }

    var part: ReadStage.Result.Part {
      ReadStage.Result.Part(blocks: writer.blocks, columns: columns, end: end)
    }

    func flush() throws(StorageError) {
      guard block.count > 0 else { return }
      let (bytes, form) = block.encoded()
      try writer.append(bytes, edges: block.count, form: form)
      block.removeAll()
    }
  }

  private let spools: [Spool]
  private let blockEdges: Int

  init(
    parts: [ReadStage.Result.Part], paths: [String], readers: [EdgeListReader], blockEdges: Int
  ) throws(PreprocessError) {
    self.blockEdges = blockEdges
    var spools: [Spool] = []
    try PreprocessError.storing { () throws(StorageError) in
      for (number, part) in parts.enumerated() {
        spools.append(try Spool(part, path: paths[number], reader: readers[number]))
      }
    }
    self.spools = spools
  }

  /// Adds the next edges of a file.
  /// - Returns: The file's state where a block became whole with them.
  func append(
    _ batch: EdgeBatch, to file: Int
  ) throws(PreprocessError) -> ReadStage.Result.Part? {
    let spool = spools[file]
    spool.block.append(batch, columns: &spool.columns)
    spool.end = batch.end
    guard spool.block.count >= blockEdges else { return nil }
    try PreprocessError.storing { () throws(StorageError) in try spool.flush() }
    return spool.part
  }

  /// Writes what waits of a file.
  func finish(_ file: Int) throws(PreprocessError) -> ReadStage.Result.Part {
    let spool = spools[file]
    try PreprocessError.storing { () throws(StorageError) in try spool.flush() }
    return spool.part
  }
}
