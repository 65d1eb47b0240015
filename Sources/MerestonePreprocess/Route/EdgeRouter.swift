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
  func route(
    _ chunk: inout EdgeChunk, to buckets: BucketFile, scratch: inout RouteScratch
  ) throws(PreprocessError) {
    let count = chunk.count
    guard count > 0 else { return }
    scratch.reserve(count, recordBytes: plan.recordBytes, buckets: plan.buckets.count)
    switch way {
    case .slots(let slots, let numbers):
      if let numbers {
        group(chunk, by: slots, { numbers[Int($0)] }, &scratch)
      } else {
        group(chunk, by: slots, { $0 }, &scratch)
      }
    case .relations(let scheme, let globals):
      group(&chunk, by: scheme, globals: globals, &scratch)
    }
    scratch.startBuckets(plan.buckets.count)
    place(chunk, &scratch)
    // SAFETY: an array of bytes is initialised throughout.
    let records = unsafe scratch.records.span.bytes
    try PreprocessError.storing { () throws(StorageError) in
      try buckets.append(records, ends: scratch.places, recordBytes: plan.recordBytes)
    }
  }

  /// Finds each edge's global ids and bucket, and where each bucket's records start.
  @inline(__always)
  private func group(
    _ chunk: EdgeChunk, by slots: RouteSlots, _ number: (UInt32) -> UInt32,
    _ scratch: inout RouteScratch
  ) {
    for bucket in 0..<plan.buckets.count { scratch.places[bucket] = 0 }
    let (count, bits) = (chunk.count, slots.bits)
    unsafe slots.gaps.withUnsafeBufferPointer { gaps in
      unsafe scratch.sources.withUnsafeMutableBufferPointer { target in
        // SAFETY: a number's high bits are one of the slots; the scratch was reserved.
        for edge in 0..<count {
          let source = number(chunk.sources[edge])
          unsafe target[edge] = source &- gaps[Int(truncatingIfNeeded: source &>> bits)]
        }
      }
      unsafe scratch.destinations.withUnsafeMutableBufferPointer { target in
        unsafe scratch.ofEdge.withUnsafeMutableBufferPointer { ofEdge in
          unsafe scratch.places.withUnsafeMutableBufferPointer { places in
            unsafe slots.buckets.withUnsafeBufferPointer { buckets in
              for edge in 0..<count {
                // SAFETY: as above; a slot names one of the plan's buckets.
                let destination = number(chunk.destinations[edge])
                let slot = Int(truncatingIfNeeded: destination &>> bits)
                unsafe target[edge] = destination &- gaps[slot]
                let bucket = unsafe buckets[slot]
                unsafe ofEdge[edge] = bucket
                unsafe places[Int(bucket)] &+= 1
              }
            }
          }
        }
      }
    }
  }

  /// Writes the records, bucket by bucket; afterwards `places` says where each bucket ends.
  private func place(_ chunk: EdgeChunk, _ scratch: inout RouteScratch) {
    let (recordBytes, keyBytes, rowBytes) = (plan.recordBytes, plan.keyBytes, plan.rowBytes)
    let shift = UInt64(plan.sourceBits)
    let starts = scratch.starts
    let count = chunk.count
    unsafe scratch.records.withUnsafeMutableBufferPointer { records in
      unsafe scratch.places.withUnsafeMutableBufferPointer { places in
        for edge in 0..<count {
          // SAFETY: places count these very edges, and a record has at least `keyBytes`.
          let bucket = Int(scratch.ofEdge[edge])
          let place = unsafe Int(places[bucket])
          unsafe places[bucket] &+= 1
          let offset = UInt64(scratch.destinations[edge] &- starts[bucket])
          let key = offset &<< shift | UInt64(scratch.sources[edge])
          let target = unsafe UnsafeMutableRawPointer(records.baseAddress!) + place &* recordBytes
          if rowBytes == 0, keyBytes >= 4 {
            unsafe target.storeBytes(of: UInt32(truncatingIfNeeded: key), as: UInt32.self)
            for byte in 4..<keyBytes {
              unsafe target.storeBytes(
                of: UInt8(truncatingIfNeeded: key &>> UInt64(8 &* byte)), toByteOffset: byte,
                as: UInt8.self)
            }
          } else if rowBytes == 0 {
            for byte in 0..<keyBytes {
              unsafe target.storeBytes(
                of: UInt8(truncatingIfNeeded: key &>> UInt64(8 &* byte)), toByteOffset: byte,
                as: UInt8.self)
            }
          } else {
            var record = unsafe target
            for byte in 0..<keyBytes {
              unsafe record.storeBytes(
                of: UInt8(truncatingIfNeeded: key &>> UInt64(8 &* byte)), toByteOffset: byte,
                as: UInt8.self)
            }
            unsafe record += keyBytes
            let sequence = chunk.sequences[edge]
            for byte in 0..<RoutePlan.sequenceBytes {
              unsafe record.storeBytes(
                of: UInt8(truncatingIfNeeded: sequence &>> UInt64(8 &* byte)), toByteOffset: byte,
                as: UInt8.self)
            }
            unsafe record += RoutePlan.sequenceBytes
            unsafe chunk.rows.withUnsafeBufferPointer { rows in
              unsafe record.copyMemory(
                from: rows.baseAddress! + edge &* rowBytes, byteCount: rowBytes)
            }
          }
        }
      }
    }
  }
}

/// What a worker needs to route chunks.
struct RouteScratch {
  var sources: [UInt32] = []
  var destinations: [UInt32] = []
  var ofEdge: [UInt16] = []
  var records: [UInt8] = []
  var places: [UInt32]
  /// The first destination of each bucket.
  let starts: [UInt32]

  init(plan: RoutePlan) {
    places = [UInt32](repeating: 0, count: plan.buckets.count)
    starts = plan.buckets.map { UInt32(truncatingIfNeeded: $0.nodes.lowerBound) }
  }

  /// Turns the number of edges of each bucket into the place of its first one.
  mutating func startBuckets(_ count: Int) {
    var start: UInt32 = 0
    for bucket in 0..<count {
      let length = places[bucket]
      places[bucket] = start
      start &+= length
    }
  }

  mutating func reserve(_ count: Int, recordBytes: Int, buckets: Int) {
    guard sources.count < count || records.count < count * recordBytes else { return }
    sources = [UInt32](repeating: 0, count: count)
    destinations = sources
    ofEdge = [UInt16](repeating: 0, count: count)
    records = [UInt8](repeating: 0, count: count * recordBytes)
  }
}
