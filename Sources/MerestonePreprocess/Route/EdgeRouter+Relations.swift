extension EdgeRouter {
  /// Finds each edge's relation, takes it out of the stored rows, and finds global ids and bucket.
  func group(
    _ chunk: inout EdgeChunk, by scheme: RelationScheme, globals: [UInt32],
    _ scratch: inout RouteScratch
  ) {
    for bucket in 0..<plan.buckets.count { scratch.places[bucket] = 0 }
    let sourceBytes = source.columns.rowBytes
    scheme.forEachCombination(chunk, rowBytes: sourceBytes) { edge, combination in
      let source = globals[Int(chunk.sources[edge])]
      let destination = globals[Int(chunk.destinations[edge])]
      let bucket = plan.bucket(
        of: destination, relation: Int(scheme.number(of: combination)))
      scratch.sources[edge] = source
      scratch.destinations[edge] = destination
      scratch.ofEdge[edge] = UInt16(truncatingIfNeeded: bucket)
      scratch.places[bucket] &+= 1
    }
    if let code = scheme.code {
      chunk.removeBytes(code, ofRowsOf: sourceBytes)
      // Without other columns nobody asks for the place in the input.
      if chunk.rows.isEmpty { chunk.sequences.removeAll(keepingCapacity: true) }
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
