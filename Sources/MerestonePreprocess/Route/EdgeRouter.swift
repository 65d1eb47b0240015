internal import CMerestoneKernels
import MerestoneCore
import MerestoneStorage

/// Sends every edge under global ids to its bucket.
struct EdgeRouter {
  let source: EdgeSource
  let plan: RoutePlan
  /// How an edge finds its bucket.
  let way: Way

  enum Way: Sendable {
    /// By its destination's slot; `numbers` says of every node number which it has, nil where the
    /// source speaks of those already.
    case slots(RouteSlots, numbers: [UInt32]?)
    /// By relation and destination.
    case relations(RelationScheme, globals: [UInt32])
  }

  /// Routes one chunk.
  func route(_ chunk: inout EdgeChunk, to groups: BucketGroups) throws(PreprocessError) {
    if case .relations(let scheme, let globals) = way {
      return try route(&chunk, by: scheme, globals: globals, to: groups)
    }
    guard case .slots(let slots, let numbers) = way else { return }
    if let numbers {
      // In loops that do nothing else, so that many loads are under way at a time.
      Self.replace(&chunk.sources, by: numbers.span)
      Self.replace(&chunk.destinations, by: numbers.span)
    }
    let numbered = chunk
    try PreprocessError.storing { () throws(StorageError) in
      try route(numbered, by: slots, to: groups)
    }
  }

  private static func replace(_ nodes: inout [UInt32], by numbers: Span<UInt32>) {
    let ahead = 64
    let last = nodes.count - 1
    var nodes = nodes.mutableSpan
    unsafe numbers.withUnsafeBufferPointer { table in
      for place in nodes.indices {
        // SAFETY: what is asked for need not exist.
        unsafe mrs_prefetch(table.baseAddress! + Int(nodes[min(place &+ ahead, last)]))
        nodes[place] = numbers[Int(nodes[place])]
      }
    }
  }

  private func route(
    _ chunk: EdgeChunk, by slots: RouteSlots, to groups: BucketGroups
  ) throws(StorageError) {
    let bits = slots.bits
    let (gaps, firsts, buckets) = (slots.gaps.span, slots.firsts.span, slots.buckets.span)
    let (sources, destinations) = (chunk.sources.span, chunk.destinations.span)
    for edge in sources.indices {
      let (source, destination) = (sources[edge], destinations[edge])
      let slot = Int(truncatingIfNeeded: destination &>> bits)
      let key = key(
        offset: destination &- firsts[slot],
        source: source &- gaps[Int(truncatingIfNeeded: source &>> bits)])
      try add(edge, of: chunk, key: key, to: Int(buckets[slot]), of: groups)
    }
  }

  /// - Parameter offset: The destination, from the first of its bucket on.
  @inline(__always) func key(offset: UInt32, source: UInt32) -> UInt64 {
    UInt64(offset) &<< UInt64(plan.sourceBits) | UInt64(source)
  }

  /// Adds an edge's record to a bucket.
  @inline(__always)
  func add(
    _ edge: Int, of chunk: EdgeChunk, key: UInt64, to bucket: Int, of groups: BucketGroups
  ) throws(StorageError) {
    // SAFETY: a record has room for the key, and for a word at the end.
    let record = unsafe try groups.next(in: bucket)
    unsafe record.storeBytes(of: key, as: UInt64.self)
    let rowBytes = plan.rowBytes
    guard rowBytes > 0 else { return }
    let row = plan.keyBytes + RoutePlan.sequenceBytes
    // SAFETY: what a word has more than the sequence is overwritten by the row, or lies at the end.
    unsafe record.storeBytes(
      of: chunk.sequences[edge], toByteOffset: plan.keyBytes, as: UInt64.self)
    precondition((edge + 1) * rowBytes <= chunk.rows.count, "an edge without a row")
    unsafe chunk.rows.withUnsafeBufferPointer { rows in
      unsafe (record + row).copyMemory(
        from: rows.baseAddress! + edge &* rowBytes, byteCount: rowBytes)
    }
  }
}
