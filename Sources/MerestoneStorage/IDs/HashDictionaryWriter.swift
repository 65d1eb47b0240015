import MerestoneCore

/// Sorts nodes by the hashes of their raw ids, externally, and writes a ``HashDictionary``.
struct HashDictionaryWriter {
  private let prefix: String
  private let count: Int
  private let bucketBits: Int
  private let records: SortRecordFile
  private let workspace: IDMapWorkspace

  private struct Entry: BitwiseCopyable, Sendable {
    var hash: UInt64
    var node: UInt32
  }

  init(prefix: String, count: Int, workspace: IDMapWorkspace) throws(StorageError) {
    self.prefix = prefix
    self.count = count
    self.workspace = workspace
    // Entries are twice in memory while they are sorted, and once as they were read.
    let buckets = workspace.bucketCount(bytes: count * 48)
    bucketBits = Int.bitWidth - (buckets - 1).leadingZeroBitCount
    records = try SortRecordFile(
      "ids-by-hash", bucketCount: 1 << bucketBits, share: 4, workspace: workspace)
  }

  /// Takes `count` hashes and their nodes. Any thread, any order.
  func put(_ count: Int, _ entry: (Int) -> (hash: UInt64, node: UInt32)) throws(StorageError) {
    try records.append(count) { index in
      let (hash, node) = entry(index)
      let bucket = bucketBits == 0 ? 0 : Int(hash >> UInt64(64 - bucketBits))
      return (bucket, SortRecord(wide: hash, narrow: node))
    }
  }

  /// Writes the columns; `finish` gives them their names unless `check`, which hears of the hashes
  /// that several nodes share, throws.
  func finish(
    _ durability: OutputFile.Durability, check: (Set<UInt64>) throws(StorageError) -> Void
  ) throws(StorageError) -> [FileEntry] {
    let file = records.buckets
    defer { file.remove() }
    try records.finish()
    let groupCount = HashDictionary.groupCount(count)
    let element = ElementType.u32
    func writer(
      _ part: IDMap.Part, _ element: ElementType, _ rows: Int
    ) throws(StorageError) -> ColumnWriter {
      try ColumnWriter(path: part.path(prefix), element: element, rows: rows, width: 1)
    }
    var keyWriter = try writer(.keys, .u16, count)
    var valueWriter = try writer(.values, element, count)
    var indexWriter = try writer(.index, element, groupCount + 1)
    var shared: Set<UInt64> = []
    var (written, groups) = (0, 0)
    var index: [UInt32] = []
    try workspace.forEachInOrder(
      file.bucketCount, make: { (bucket) throws(StorageError) in try sorted(bucket) },
      take: { (entries) throws(StorageError) in
        var (keys, values): ([UInt16], [UInt32]) = ([], [])
        keys.reserveCapacity(entries.count)
        values.reserveCapacity(entries.count)
        index.removeAll(keepingCapacity: true)
        for place in entries.indices {
          let entry = entries[place]
          let (group, key) = HashDictionary.place(entry.hash, groupCount: groupCount)
          while groups <= group {
            index.append(UInt32(written &+ place))
            groups &+= 1
          }
          keys.append(key)
          values.append(entry.node)
          if place > 0, entries[place &- 1].hash == entry.hash { shared.insert(entry.hash) }
        }
        written += entries.count
        try keyWriter.append(keys.span)
        try valueWriter.append(values.span)
        try indexWriter.append(index.span)
      })
    let rest = [UInt32](repeating: UInt32(written), count: groupCount + 1 - groups)
    try indexWriter.append(rest.span)
    if !shared.isEmpty { try check(shared) }
    return try indexWriter.finish(durability) + keyWriter.finish(durability)
      + valueWriter.finish(durability)
  }

  /// Forgets what came.
  func discard() { records.buckets.remove() }

  /// The nodes of a bucket by hash, then ascending.
  ///
  /// Hashes are spread evenly: a pass by their next bits puts each near its place, and insertion
  /// does the rest. A crowd that insertion would take long for is sorted first.
  private func sorted(_ bucket: Int) throws(StorageError) -> [Entry] {
    let file = records.buckets
    let size = file.byteCount(of: bucket) / SortRecord.byteCount
    let binBits = max(1, min(22, Int.bitWidth - size.leadingZeroBitCount - 2))
    let shift = UInt64(64 - binBits)
    let skip = UInt64(bucketBits)
    var unsorted: [Entry] = []
    unsorted.reserveCapacity(size)
    var starts = [Int](repeating: 0, count: 1 << binBits + 1)
    try file.forEachBlock(of: bucket) { block in
      for position in stride(from: 0, to: block.byteCount, by: SortRecord.byteCount) {
        let entry = Entry(
          hash: SortRecord.wide(in: block, at: position),
          node: SortRecord.narrow(in: block, at: position))
        unsorted.append(entry)
        starts[Int((entry.hash << skip) >> shift) &+ 1] &+= 1
      }
    }
    file.release(bucket)
    var largest = 0
    for bin in 1..<starts.count {
      largest = max(largest, starts[bin])
      starts[bin] &+= starts[bin &- 1]
    }
    var entries = [Entry](repeating: Entry(hash: 0, node: 0), count: unsorted.count)
    for entry in unsorted {
      let bin = Int((entry.hash << skip) >> shift)
      entries[starts[bin]] = entry
      starts[bin] &+= 1
    }
    func precedes(_ one: Entry, _ other: Entry) -> Bool {
      one.hash != other.hash ? one.hash < other.hash : one.node < other.node
    }
    if largest > 256 {
      entries.sort(by: precedes)
      return entries
    }
    for index in entries.indices.dropFirst() {
      let entry = entries[index]
      var place = index
      while place > 0, precedes(entry, entries[place &- 1]) {
        entries[place] = entries[place &- 1]
        place &-= 1
      }
      entries[place] = entry
    }
    return entries
  }
}
