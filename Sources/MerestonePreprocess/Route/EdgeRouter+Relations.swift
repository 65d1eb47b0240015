import MerestoneStorage

extension EdgeRouter {
  /// Routes one chunk by relation: finds each edge's, and takes it out of the stored rows.
  func route(
    _ chunk: inout EdgeChunk, by scheme: RelationScheme, globals: [UInt32],
    to groups: BucketGroups
  ) throws(PreprocessError) {
    let sourceBytes = source.columns.rowBytes
    var buckets: [UInt16] = []
    buckets.reserveCapacity(chunk.count)
    scheme.forEachCombination(chunk, rowBytes: sourceBytes) { edge, combination in
      let bucket = plan.bucket(
        of: globals[Int(chunk.destinations[edge])],
        relation: Int(scheme.number(of: combination)))
      buckets.append(UInt16(truncatingIfNeeded: bucket))
    }
    if let code = scheme.code {
      chunk.removeBytes(code, ofRowsOf: sourceBytes)
      // Without other columns nobody asks for the place in the input.
      if chunk.rows.isEmpty { chunk.sequences.removeAll(keepingCapacity: true) }
    }
    let routed = chunk
    try PreprocessError.storing { () throws(StorageError) in
      for edge in buckets.indices {
        let bucket = Int(buckets[edge])
        let first = UInt32(truncatingIfNeeded: plan.buckets[bucket].nodes.lowerBound)
        let key = key(
          offset: globals[Int(routed.destinations[edge])] &- first,
          source: globals[Int(routed.sources[edge])])
        try add(edge, of: routed, key: key, to: bucket, of: groups)
      }
    }
  }
}

extension EdgeChunk {
  /// Takes the same bytes out of every row.
  mutating func removeBytes(_ bytes: Range<Int>, ofRowsOf width: Int) {
    var target = 0
    for row in 0..<count {
      for byte in 0..<width where !bytes.contains(byte) {
        rows[target] = rows[row &* width &+ byte]
        target &+= 1
      }
    }
    rows.removeLast(rows.count - target)
  }
}
