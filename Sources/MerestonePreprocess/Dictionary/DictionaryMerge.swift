import MerestoneCore
import MerestoneIngest
import MerestoneStorage
import Synchronization

/// From the entries in their buckets to the number of every end.
///
/// 1. Bucket by bucket, equal ids are found. The first entry of an id goes, with the id, to the
///    range of entries that it belongs to (`firsts`); each further one goes there too, as a pair
///    of both (`repeats`). Integers without a row in the node table go to a piece of their values
///    instead (`values`).
/// 2. The pieces of values are sorted, which numbers their integers; the numbers go to the ranges
///    of their first entries (`numbered`).
/// 3. Range by range, first entries are put in order, which numbers the other ids. Now the number
///    of each first entry is known, and so that of each repeated one; those that lie in a later
///    range are sent there (`resolved`).
/// 4. The numbers that were sent are filled in: the number of every entry, in order.
/// 5. Chunk by chunk, the ranks of the ends are replaced by numbers.
struct DictionaryMerge: Sendable {
  /// Ends whose ranks count from one entry on.
  struct Chunk: Sendable {
    var firstEnd: Int
    var firstEntry: Int
  }

  let folder: String
  let kind: RawIDKind
  let plan: DictionaryPlan
  let pool: ThreadPool
  let cancellation: Cancellation
  let progress: any ProgressListener
  let buckets: BucketFile
  let ends: ScratchFile
  let endCount: Int
  let listedCount: Int
  let chunks: [Chunk]
  let ranges: EntryRanges
  let sample: ValueSample

  var entryCount: Int { ranges.end }

  static let absent = UInt32.max

  /// Does all steps.
  /// - Throws: ``StorageError/invalid(path:what:expected:found:mend:)`` for more distinct ids than
  ///   node numbers; ``StorageError/interrupted(path:)``.
  func run() throws(StorageError) -> NodeDictionary {
    let pieces = buckets.bucketCount + 2 * ranges.count + chunks.count
    progress.begin(stage: "number ids", total: pieces, unit: "pieces")
    let distinct = try makeDistinct()
    let count = distinct.tally.count + (distinct.values?.tally.count ?? 0)
    guard count < Int(UInt32.max) else {
      throw .invalid(
        path: folder, what: "number of different raw ids", expected: "less than 2^32 - 1",
        found: "\(count)", mend: "cut the input into several graphs")
    }
    let idFile = SummedFile(try ScratchFile(path: NodeDictionary.idsPath(folder)))
    let numbered = try distinct.values.map { (values) throws(StorageError) in
      try numberValues(values, firstNumber: distinct.tally.count, idFile: idFile)
    }
    let numbers = try ScratchFile(path: "\(folder)/dictionary-numbers.tmp")
    try numberEntries(distinct, numbered: numbered, numbers: numbers, idFile: idFile)
    let endChecksums = try numberEnds(numbers)
    numbers.remove()
    progress.end(summary: "\(count) different ids")
    return NodeDictionary(
      summary: .init(
        kind: kind == .integer ? .integer : .string, count: count, listedCount: listedCount,
        edgeCount: endCount / 2, idBytes: try idFile.file.byteCount(),
        repeatedRow: distinct.repeatedRow,
        endChecksums: try ArrayFile.write(
          endChecksums.table(), to: NodeDictionary.endChecksumsPath(folder)),
        idChecksums: try ArrayFile.write(
          idFile.checksums.table(), to: NodeDictionary.idChecksumsPath(folder))),
      ends: ends, ids: idFile.file)
  }

  /// Calls `body` for every index on all threads, each thread with scratch of its own.
  func forEach<Scratch>(
    _ count: Int, scratch: @autoclosure () -> Scratch,
    _ body: (Int, inout Scratch) throws(StorageError) -> Void
  ) throws(StorageError) {
    let next = Atomic<Int>(0)
    try pool.forEach(min(pool.threadCount, count)) { _ throws(StorageError) in
      var own = scratch()
      while true {
        let index = next.add(1, ordering: .relaxed).oldValue
        if index >= count { return }
        if cancellation.isCancelled { throw .interrupted(path: folder) }
        try body(index, &own)
        progress.advance(by: 1)
      }
    }
  }

  func temporary(_ name: String, buckets: Int) throws(StorageError) -> BucketFile {
    try BucketFile(
      path: "\(folder)/dictionary-\(name).tmp", bucketCount: max(1, buckets),
      bufferBytes: plan.passBufferBytes)
  }
}

/// How many ids each range or piece has, and the bytes that they take in the file of ids.
struct IDTally: Sendable {
  var counts: [Int]
  var bytes: [Int]

  init(pieces: Int) {
    counts = [Int](repeating: 0, count: pieces)
    bytes = counts
  }

  var count: Int { counts.reduce(0, +) }

  mutating func add(_ other: IDTally) {
    for index in counts.indices {
      counts[index] += other.counts[index]
      bytes[index] += other.bytes[index]
    }
  }

  /// What lies before each piece.
  func starts() -> IDTally {
    var starts = self
    var (count, size) = (0, 0)
    for index in counts.indices {
      (starts.counts[index], starts.bytes[index]) = (count, size)
      count += counts[index]
      size += bytes[index]
    }
    return starts
  }
}
