import Glibc
import MerestoneCore
import MerestoneIngest
import MerestoneStorage

/// Looks at parts of all edge files: the whole of small ones, several places of large ones, the
/// start of compressed ones.
struct EdgeSampler {
  let inputs: InputFiles
  let pool: ThreadPool
  /// How many portions of ``textPortion`` and so on are looked at.
  let effort: Int
  let isUndirected: Bool
  /// Edges that are kept of them.
  let keptLimit: Int
  let cancellation: Cancellation

  /// What it found.
  struct Result {
    var sample: EdgeSample
    /// Edges of the whole input, exact for binary files.
    var edges: Int
    /// Edges that have to be copied into a spool, and the bytes that they are parsed from.
    var spooledEdges = 0
    var textBytes = 0
    /// Values of an edge in the spool and in the graph, in bytes.
    var spoolRowBytes = 0
    var rowBytes = 0
  }

  /// Bytes of text, or compressed bytes, and binary edges that are looked at in all.
  private static let textPortion = 12 << 20
  private static let edgePortion = 1 << 22
  private static let wordPortion = 1 << 19
  /// Places of a large file, looked at in an order such that every prefix is spread.
  private static let places = [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15]

  func run() throws(PreprocessError) -> Result {
    var result = Result(
      sample: EdgeSample(
        kind: inputs.idKind, isUndirected: isUndirected, keptLimit: keptLimit),
      edges: 0)
    var readers = inputs.edges
    for number in readers.indices { try settleTypes(&readers[number]) }
    // Every round looks at one place of each file.
    var seen = [Seen](repeating: Seen(), count: readers.count)
    let shares = readers.map { share(of: $0) }
    for (round, place) in Self.places.enumerated() {
      for (number, reader) in readers.enumerated() where !seen[number].isWhole {
        try look(
          at: reader, place: place, round: round, share: shares[number], &seen[number],
          &result.sample)
      }
      if round == 3 || round == 7 || round == 15 { result.sample.mark() }
    }
    for (number, reader) in readers.enumerated() { add(reader, seen[number], to: &result) }
    measureRows(readers, seen.reduce(into: []) { $0.formUnion($1.wideColumns) }, &result)
    return result
  }

  /// What was seen of a file.
  private struct Seen {
    var edges = 0
    /// Of the file on disk.
    var bytes = 0
    var isWhole = false
    /// Columns with numbers that 32 bits do not hold.
    var wideColumns: Set<Int> = []

    mutating func noteNumbers(of batch: EdgeBatch) {
      for (number, column) in batch.columns.enumerated() {
        guard case .numbers(let values) = column, !wideColumns.contains(number) else { continue }
        if values.contains(where: { !$0.isNaN && Double(Float($0)) != $0 }) {
          wideColumns.insert(number)
        }
      }
    }
  }

  private func share(of reader: EdgeListReader) -> Int {
    let total = max(inputs.fileBytes, 1)
    if let count = reader.knownEdgeCount {
      let all = max(inputs.edges.reduce(0) { $0 + ($1.knownEdgeCount ?? 0) }, 1)
      return max(1, Int(Double(effort * Self.edgePortion) * Double(count) / Double(all)))
    }
    return max(
      1 << 20, Int(Double(effort * Self.textPortion) * Double(reader.fileBytes) / Double(total)))
  }

  private func look(
    at reader: EdgeListReader, place: Int, round: Int, share: Int, _ seen: inout Seen,
    _ sample: inout EdgeSample
  ) throws(PreprocessError) {
    if cancellation.isCancelled { throw .interrupted }
    if inputs.idKind == .string, sample.edges > effort * Self.wordPortion { return }
    let known = reader.knownEdgeCount
    let size = known ?? reader.fileBytes
    let isWhole = size <= share || !reader.isSplittable
    // What cannot be entered in the middle is read from its start.
    guard !isWhole || round == 0 else { return }
    let count = Self.places.count
    let limit = isWhole ? (reader.isSplittable ? Int.max : share) : share / count
    let start: TextPosition?
    if isWhole || place == 0 {
      start = nil
    } else if known != nil {
      start = TextPosition(byteOffset: 0, row: size / count * place, line: 0)
    } else {
      guard let offset = Self.lineStart(reader.path, behind: size / count * place) else { return }
      start = TextPosition(byteOffset: offset, row: 0, line: 0)
    }
    do throws(IngestError) {
      try read(reader, from: start, limit: limit, &seen, &sample)
    } catch {
      // In the middle of a quoted field, lines do not begin where they seem to.
      if start == nil || error == .interrupted { throw PreprocessError.ingest(error).unified }
    }
    if isWhole, reader.isSplittable { seen.isWhole = true }
  }

  private func read(
    _ reader: EdgeListReader, from start: TextPosition?, limit: Int, _ seen: inout Seen,
    _ sample: inout EdgeSample
  ) throws(IngestError) {
    let stream = try reader.stream(from: start, pool: pool, cancellation: cancellation)
    var edges = 0
    var last = start?.byteOffset ?? 0
    while true {
      guard let batch = try stream.next() else {
        if start == nil { seen.isWhole = true }
        break
      }
      sample.add(batch)
      seen.noteNumbers(of: batch)
      edges += batch.count
      last = batch.end.byteOffset
      let done =
        reader.knownEdgeCount != nil
        ? edges : reader.isSplittable ? last - (start?.byteOffset ?? 0) : stream.fileBytesRead
      if done >= limit { break }
      if inputs.idKind == .string, sample.edges > 2 * effort * Self.wordPortion { break }
    }
    seen.edges += edges
    seen.bytes +=
      reader.isSplittable ? last - (start?.byteOffset ?? 0) : stream.fileBytesRead
  }

  /// Where the first line behind a byte begins; nil where none does.
  private static func lineStart(_ path: String, behind offset: Int) -> Int? {
    // SAFETY: the path is a NUL-terminated string for the time of the call.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    // SAFETY: at most as many bytes are written as the array has.
    let count = unsafe pread(descriptor, &bytes, bytes.count, offset)
    guard count > 0, let place = bytes[..<count].firstIndex(of: UInt8(ascii: "\n")) else {
      return nil
    }
    return offset + place + 1
  }

  private func add(_ reader: EdgeListReader, _ seen: Seen, to result: inout Result) {
    if let count = reader.knownEdgeCount {
      result.edges += count
      // Pairs of unsigned ids are read where they lie.
      if reader.pairLayout?.isSigned ?? true {
        result.spooledEdges += count
        result.textBytes += reader.fileBytes
      }
      return
    }
    let edges =
      seen.isWhole || seen.bytes == 0
      ? seen.edges
      : Int(Double(seen.edges) * Double(reader.fileBytes) / Double(seen.bytes))
    result.edges += edges
    result.spooledEdges += edges
    result.textBytes += reader.fileBytes
  }

  // MARK: - Columns

  /// Gives columns without a type one that fits the first rows.
  private func settleTypes(_ reader: inout EdgeListReader) throws(PreprocessError) {
    let undecided = reader.columns.filter { $0.type == nil }.map(\.name)
    guard !undecided.isEmpty else { return }
    for name in undecided { reader.setType(.word, ofColumn: name) }
    let first = reader
    let batch = try PreprocessError.reading { () throws(IngestError) in
      try first.stream(pool: pool, cancellation: cancellation).next()
    }
    guard let batch else { return }
    for (number, column) in reader.columns.enumerated() where undecided.contains(column.name) {
      guard case .words(let words) = batch.columns[number] else { continue }
      let texts = (0..<min(words.count, 1000)).map { words[$0] }
      if texts.allSatisfy({ Int64($0) != nil }) {
        reader.setType(.integer, ofColumn: column.name)
      } else if texts.allSatisfy({ $0.isEmpty || Double($0) != nil }) {
        reader.setType(.number, ofColumn: column.name)
      }
    }
  }

  private func measureRows(
    _ readers: [EdgeListReader], _ wideColumns: Set<Int>, _ result: inout Result
  ) {
    for (number, column) in (readers.first?.columns ?? []).enumerated() {
      let riding = RidingColumn(name: column.name, type: column.type ?? .number)
      result.spoolRowBytes += riding.kind.spoolBytes
      switch riding.kind {
      case .integer: result.rowBytes += 8
      case .number: result.rowBytes += wideColumns.contains(number) ? 8 : 4
      case .word: result.rowBytes += column.name == "relation" ? 2 : 1
      case .split: result.rowBytes += 1
      }
    }
  }
}
