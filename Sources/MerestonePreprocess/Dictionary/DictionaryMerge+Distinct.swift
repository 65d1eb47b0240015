import MerestoneCore
import MerestoneIngest
import MerestoneStorage
import Synchronization

extension DictionaryMerge {
  /// First entries with their ids, by range.
  struct DistinctIDs: Sendable {
    var firsts: BucketFile
    /// Pairs of a first entry and a later one with the same id, by the range of the first.
    var repeats: BucketFile
    var tally: IDTally
    /// Integers without a row in the node table.
    var values: (file: BucketFile, tally: IDTally)?
    var repeatedRow: NodeDictionary.RepeatedRow?
  }

  /// What one thread works with while it makes buckets distinct.
  private struct Scratch {
    var table = BucketTable()
    var record = RecordBuffer()
    var firsts: IDTally
    var values: IDTally
  }

  private struct Routes: Sendable {
    var firsts: BucketFile
    var repeats: BucketFile
    var values: BucketFile?
    var splitters: [UInt64]
  }

  func makeDistinct() throws(StorageError) -> DistinctIDs {
    let isInteger = kind == .integer
    let splitters = isInteger ? sample.splitters(pieces: valuePieces) : []
    let routes = Routes(
      firsts: try temporary("firsts", buckets: ranges.count),
      repeats: try temporary("repeats", buckets: ranges.count),
      values: isInteger ? try temporary("values", buckets: splitters.count + 1) : nil,
      splitters: splitters)
    let total = Mutex(
      (
        firsts: IDTally(pieces: ranges.count), values: IDTally(pieces: splitters.count + 1),
        repeatedRow: NodeDictionary.RepeatedRow?.none
      ))
    try forEach(
      buckets.bucketCount,
      scratch: Scratch(firsts: IDTally(pieces: 0), values: IDTally(pieces: 0))
    ) { (bucket, scratch) throws(StorageError) in
      scratch.firsts = IDTally(pieces: ranges.count)
      scratch.values = IDTally(pieces: splitters.count + 1)
      let repeated = try makeDistinct(
        bucket, of: buckets, name: "\(bucket)", level: 0, routes, &scratch)
      total.withLock { total in
        total.firsts.add(scratch.firsts)
        total.values.add(scratch.values)
        if let repeated, repeated.second < total.repeatedRow?.second ?? .max {
          total.repeatedRow = repeated
        }
      }
    }
    buckets.remove()
    try routes.firsts.finish()
    try routes.repeats.finish()
    try routes.values?.finish()
    let result = total.withLock { $0 }
    return DistinctIDs(
      firsts: routes.firsts, repeats: routes.repeats, tally: result.firsts,
      values: routes.values.map { ($0, result.values) }, repeatedRow: result.repeatedRow)
  }

  /// Integers are sorted in pieces of about a quarter of a million, fewer where memory is scarce.
  private var valuePieces: Int {
    let fitting = max(1 << 14, min(1 << 18, plan.tableBytes / 64))
    return min(4096, entryCount / fitting + 1)
  }

  /// Deepest level of buckets whose distinct ids do not fit; ids of one hash never part.
  private static let levelLimit = 5
  private static let overflowBits = 4

  /// Makes one bucket distinct. The ids that the table has no room for go to smaller buckets.
  private func makeDistinct(
    _ bucket: Int, of file: BucketFile, name: String, level: Int, _ routes: Routes,
    _ scratch: inout Scratch
  ) throws(StorageError) -> NodeDictionary.RepeatedRow? {
    scratch.table.clear()
    var overflow: BucketFile?
    var repeatedRow: NodeDictionary.RepeatedRow?
    let isInteger = kind == .integer
    let limit = level < Self.levelLimit ? plan.tableBytes : Int.max / 4
    var lastEntry = -1
    try file.forEachBlock(of: bucket) { (block) throws(StorageError) in
      var position = 0
      while position < block.byteCount {
        let start = position
        let entry = block.entry(at: position)
        position &+= 5
        let idStart = position
        let length = isInteger ? 8 : block.length(at: &position)
        let id = block.extracting(position..<position &+ length)
        position &+= length
        precondition(entry > lastEntry, "entries of a bucket out of order")
        lastEntry = entry
        let hash =
          (isInteger ? RawIDHash.mix(id.word64(at: 0)) : RawIDHash.hash(id)) & plan.hashMask
        switch scratch.table.intern(id, hash: hash, entry: entry, byteLimit: limit) {
        case .first:
          try emit(first: entry, block.extracting(idStart..<position), routes, &scratch)
        case .repeated(let first):
          let range = ranges.index(of: first)
          scratch.record.clear()
          scratch.record.put(UInt32(first - ranges[range].lowerBound), byteCount: 4)
          scratch.record.put(entry: entry)
          try scratch.record.append(to: range, of: routes.repeats)
          if entry < listedCount, entry < repeatedRow?.second ?? .max {
            repeatedRow = .init(first: first, second: entry, id: rawID(id))
          }
        case .full:
          if overflow == nil {
            let buckets = 1 << Self.overflowBits
            overflow = try BucketFile(
              path: "\(folder)/dictionary-overflow-\(name).tmp", bucketCount: buckets,
              bufferBytes: buckets * min(64 << 10, max(4096, plan.tableBytes / 64)))
          }
          let part = RawIDHash.mix(hash &+ UInt64(level)) >> UInt64(64 - Self.overflowBits)
          try overflow!.append(block.extracting(start..<position), to: Int(part))
        }
      }
    }
    file.release(bucket)
    guard let overflow else { return repeatedRow }
    try overflow.finish()
    for part in 0..<overflow.bucketCount {
      let repeated = try makeDistinct(
        part, of: overflow, name: "\(name)-\(part)", level: level + 1, routes, &scratch)
      if let repeated, repeated.second < repeatedRow?.second ?? .max { repeatedRow = repeated }
    }
    overflow.remove()
    return repeatedRow
  }

  /// Sends the first entry of an id on.
  /// - Parameter id: As it stands in records.
  private func emit(
    first entry: Int, _ id: RawSpan, _ routes: Routes, _ scratch: inout Scratch
  ) throws(StorageError) {
    scratch.record.clear()
    if let values = routes.values, entry >= listedCount {
      let piece = ValueSample.piece(of: id.word64(at: 0), routes.splitters)
      scratch.values.counts[piece] += 1
      scratch.values.bytes[piece] += id.byteCount
      scratch.record.put(id)
      scratch.record.put(entry: entry)
      try scratch.record.append(to: piece, of: values)
    } else {
      let range = ranges.index(of: entry)
      scratch.firsts.counts[range] += 1
      scratch.firsts.bytes[range] += id.byteCount
      scratch.record.put(UInt32(entry - ranges[range].lowerBound), byteCount: 4)
      scratch.record.put(id)
      try scratch.record.append(to: range, of: routes.firsts)
    }
  }

  private func rawID(_ id: RawSpan) -> RawID {
    guard kind == .string else { return .integer(id.word64(at: 0)) }
    // SAFETY: copied while the span is lent.
    return .string(unsafe id.withUnsafeBytes { unsafe String(decoding: $0, as: UTF8.self) })
  }
}
