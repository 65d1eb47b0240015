import MerestoneCore
import MerestoneIngest
import MerestoneStorage

extension DictionaryMerge {
  /// Numbers integers in ascending order, and writes them behind those of the node table.
  /// - Returns: Pairs of first entry and number, by range.
  func numberValues(
    _ values: (file: BucketFile, tally: IDTally), firstNumber: Int, idFile: SummedFile
  ) throws(StorageError) -> BucketFile {
    struct Value: BitwiseCopyable {
      var value: UInt64
      var entry: Int
    }
    struct Scratch {
      var values: [Value] = []
      var integers: [UInt64] = []
      var record = RecordBuffer()
    }
    let numbered = try temporary("numbered", buckets: ranges.count)
    let starts = values.tally.starts()
    try forEach(values.file.bucketCount, scratch: Scratch()) {
      (piece, scratch) throws(StorageError) in
      scratch.values.removeAll(keepingCapacity: true)
      scratch.values.reserveCapacity(values.tally.counts[piece])
      try values.file.forEachBlock(of: piece) { block in
        for position in stride(from: 0, to: block.byteCount, by: 13) {
          scratch.values.append(
            Value(value: block.word64(at: position), entry: block.entry(at: position &+ 8)))
        }
      }
      values.file.release(piece)
      scratch.values.sort { $0.value < $1.value }
      let first = firstNumber + starts.counts[piece]
      scratch.integers.removeAll(keepingCapacity: true)
      for index in scratch.values.indices {
        let held = scratch.values[index]
        scratch.integers.append(held.value.littleEndian)
        let range = ranges.index(of: held.entry)
        scratch.record.clear()
        scratch.record.put(UInt32(held.entry - ranges[range].lowerBound), byteCount: 4)
        scratch.record.put(UInt32(first + index), byteCount: 4)
        try scratch.record.append(to: range, of: numbered)
      }
      // SAFETY: integers have no padding.
      try unsafe idFile.write(scratch.integers.span.bytes, at: first * 8)
    }
    values.file.remove()
    try numbered.finish()
    return numbered
  }

  /// What one thread works with while it numbers the entries of ranges.
  private struct Scratch {
    var bytes: [UInt8] = []
    var places: [UInt32] = []
    var numbers: [UInt32] = []
    var ids = RecordBuffer()
    var record = RecordBuffer()
  }

  /// Numbers the ids that are numbered by their first entries, writes these ids in order, and the
  /// number of every entry.
  func numberEntries(
    _ distinct: DistinctIDs, numbered: BucketFile?, numbers: ScratchFile, idFile: SummedFile
  ) throws(StorageError) {
    let resolved = try temporary("resolved", buckets: ranges.count)
    let starts = distinct.tally.starts()
    try forEach(ranges.count, scratch: Scratch()) { (range, scratch) throws(StorageError) in
      let entries = ranges[range]
      scratch.numbers.removeAll(keepingCapacity: true)
      scratch.numbers.append(contentsOf: repeatElement(Self.absent, count: entries.count))
      try numberFirsts(
        distinct.firsts, range, number: starts.counts[range], byte: starts.bytes[range],
        idFile: idFile, &scratch)
      try numbered?.forEachBlock(of: range) { block in
        for position in stride(from: 0, to: block.byteCount, by: 8) {
          scratch.numbers[Int(block.word32(at: position))] = block.word32(at: position &+ 4)
        }
      }
      numbered?.release(range)
      try distinct.repeats.forEachBlock(of: range) { (block) throws(StorageError) in
        for position in stride(from: 0, to: block.byteCount, by: 9) {
          let number = scratch.numbers[Int(block.word32(at: position))]
          let entry = block.entry(at: position &+ 4)
          precondition(number != Self.absent, "a first entry without a number")
          if entry < entries.upperBound {
            scratch.numbers[entry &- entries.lowerBound] = number
          } else {
            let later = ranges.index(of: entry)
            scratch.record.clear()
            scratch.record.put(UInt32(entry - ranges[later].lowerBound), byteCount: 4)
            scratch.record.put(number, byteCount: 4)
            try scratch.record.append(to: later, of: resolved)
          }
        }
      }
      distinct.repeats.release(range)
      // SAFETY: integers have no padding.
      try unsafe numbers.write(scratch.numbers.span.bytes, at: entries.lowerBound * 4)
    }
    distinct.firsts.remove()
    distinct.repeats.remove()
    numbered?.remove()
    try resolved.finish()
    try forEach(ranges.count, scratch: [UInt32]()) { (range, held) throws(StorageError) in
      guard resolved.byteCount(of: range) > 0 else { return }
      let entries = ranges[range]
      try numbers.read(into: &held, count: entries.count, at: entries.lowerBound * 4)
      try resolved.forEachBlock(of: range) { block in
        for position in stride(from: 0, to: block.byteCount, by: 8) {
          held[Int(block.word32(at: position))] = block.word32(at: position &+ 4)
        }
      }
      resolved.release(range)
      // SAFETY: integers have no padding.
      try unsafe numbers.write(held.span.bytes, at: entries.lowerBound * 4)
    }
    resolved.remove()
  }

  /// Puts the first entries of a range in order.
  private func numberFirsts(
    _ firsts: BucketFile, _ range: Int, number: Int, byte: Int, idFile: SummedFile,
    _ scratch: inout Scratch
  ) throws(StorageError) {
    guard firsts.byteCount(of: range) > 0 else { return }
    try firsts.read(range, into: &scratch.bytes)
    firsts.release(range)
    let isInteger = kind == .integer
    precondition(scratch.bytes.count < Int(UInt32.max), "a range of \(scratch.bytes.count) bytes")
    scratch.places.removeAll(keepingCapacity: true)
    scratch.places.append(contentsOf: repeatElement(Self.absent, count: scratch.numbers.count))
    let held = scratch.bytes
    scratch.bytes = []
    defer { scratch.bytes = held }
    // SAFETY: an array of bytes is initialised throughout.
    let bytes = unsafe held.span.bytes
    var position = 0
    while position < bytes.byteCount {
      let offset = Int(bytes.word32(at: position))
      position &+= 4
      scratch.places[offset] = UInt32(truncatingIfNeeded: position)
      let length = isInteger ? 8 : bytes.length(at: &position)
      position &+= length
    }
    var next = UInt32(number)
    var target = byte
    for offset in scratch.places.indices where scratch.places[offset] != Self.absent {
      scratch.numbers[offset] = next
      next &+= 1
      let start = Int(scratch.places[offset])
      var end = start
      let length = isInteger ? 8 : bytes.length(at: &end)
      scratch.ids.put(bytes.extracting(start..<end &+ length))
      if scratch.ids.count >= 1 << 18 {
        let count = scratch.ids.count
        try scratch.ids.write(to: idFile, at: target)
        target += count
      }
    }
    try scratch.ids.write(to: idFile, at: target)
  }

  /// Replaces the rank of every end by its number.
  /// - Returns: The checksums of the file of ends.
  func numberEnds(_ numbers: ScratchFile) throws(StorageError) -> PieceChecksums {
    let tile = 1 << 18
    let ends = SummedFile(self.ends)
    for (index, chunk) in chunks.enumerated() {
      let isLast = index + 1 == chunks.count
      let lastEntry = isLast ? entryCount : chunks[index + 1].firstEntry
      let lastEnd = isLast ? endCount : chunks[index + 1].firstEnd
      var table: [UInt32] = []
      try numbers.read(
        into: &table, count: lastEntry - chunk.firstEntry, at: chunk.firstEntry * 4)
      numbers.release(chunk.firstEntry * 4..<lastEntry * 4)
      let held = table
      let count = lastEnd - chunk.firstEnd
      try forEachTile((count + tile - 1) / tile) {
        (number, scratch: inout [UInt32]) throws(StorageError) in
        let first = chunk.firstEnd + number * tile
        let size = min(tile, lastEnd - first)
        try ends.file.read(into: &scratch, count: size, at: first * 4)
        for place in scratch.indices { scratch[place] = held[Int(scratch[place])] }
        // SAFETY: integers have no padding.
        try unsafe ends.write(scratch.span.bytes, at: first * 4)
      }
      progress.advance(by: 1)
    }
    return ends.checksums
  }

  private func forEachTile(
    _ count: Int, _ body: (Int, inout [UInt32]) throws(StorageError) -> Void
  ) throws(StorageError) {
    try pool.forEach(count) { (tile) throws(StorageError) in
      if cancellation.isCancelled { throw .interrupted(path: folder) }
      var scratch: [UInt32] = []
      try body(tile, &scratch)
    }
  }
}

extension ScratchFile {
  /// Fills an array with little-endian integers, and leaves it with just these.
  func read(into values: inout [UInt32], count: Int, at byteOffset: Int) throws(StorageError) {
    if values.count > count { values.removeLast(values.count - count) }
    if values.count < count {
      values.append(contentsOf: repeatElement(0, count: count - values.count))
    }
    try unsafe values.withUnsafeMutableBufferPointer { (values) throws(StorageError) in
      // SAFETY: the bytes are those of the array, and any bit pattern is an integer.
      unsafe try read(into: UnsafeMutableRawBufferPointer(values), at: byteOffset)
    }
  }
}
