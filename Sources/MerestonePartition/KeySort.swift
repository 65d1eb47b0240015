package import MerestoneCore

/// A stable, parallel radix sort of 64-bit keys, each with an optional 32-bit payload.
///
/// First a scatter into buckets by the keys' leading bits, in fixed chunks of the input; bucket
/// limits follow the keys' distribution, so that a hub does not share its bucket with half of
/// the graph. Then each bucket by itself: least significant digit first, between the two arrays,
/// in an even number of passes. Neither chunks nor buckets depend on the number of threads.
///
/// - Complexity: O(*n*) time; one more array of the size of its input, freed at the end.
package enum KeySort {
  /// Sorts `keys` ascending.
  /// - Parameter cancellation: Once set, the sort ends early and leaves the keys in no order.
  package static func sort(
    _ keys: inout [UInt64], pool: ThreadPool, cancellation: Cancellation? = nil
  ) {
    var none: [UInt32] = []
    sort(&keys, payload: &none, pool: pool, cancellation: cancellation)
  }

  /// Sorts `keys` ascending and moves each payload along with its key; equal keys keep the order
  /// of their payloads.
  /// - Precondition: `payload` is empty or as long as `keys`.
  package static func sort(
    _ keys: inout [UInt64], payload: inout [UInt32], pool: ThreadPool,
    cancellation: Cancellation? = nil
  ) {
    precondition(payload.isEmpty || payload.count == keys.count, "a payload for every key")
    let count = keys.count
    guard count > 1 else { return }
    let payloadCount = payload.count
    var bucketed = [UInt64](unwritten: count)
    var bucketedPayload = [UInt32](unwritten: payloadCount)
    unsafe keys.withUnsafeMutableBufferPointer { a in
      unsafe bucketed.withUnsafeMutableBufferPointer { b in
        unsafe payload.withUnsafeMutableBufferPointer { pa in
          unsafe bucketedPayload.withUnsafeMutableBufferPointer { pb in
            // SAFETY: all four buffers outlive the sort, which keeps to their bounds: positions
            // come from histograms of these very keys, and `count` was checked above.
            let sorter = unsafe RadixPasses(
              first: a.baseAddress!, second: b.baseAddress!,
              firstPayload: payloadCount == 0 ? nil : pa.baseAddress,
              secondPayload: payloadCount == 0 ? nil : pb.baseAddress, count: count)
            sorter.run(pool: pool, cancellation: cancellation)
          }
        }
      }
    }
    keys = bucketed
    payload = bucketedPayload
  }
}

/// The two arrays of one ``KeySort`` and the passes between them.
///
/// `@unchecked Sendable`: chunks read `first` and write disjoint places of `second`; buckets then
/// use disjoint ranges of both.
@safe private struct RadixPasses: @unchecked Sendable {
  let first: UnsafeMutablePointer<UInt64>
  let second: UnsafeMutablePointer<UInt64>
  let firstPayload: UnsafeMutablePointer<UInt32>?
  let secondPayload: UnsafeMutablePointer<UInt32>?
  let count: Int

  private static let fineBits = 14
  private static let smallestBucket = 16_384
  private static let largestDigit = 13

  func run(pool: ThreadPool, cancellation: Cancellation?) {
    let chunkLength = max(65_536, (count + 63) / 64)
    let chunkCount = (count + chunkLength - 1) / chunkLength
    let maximum = largestKey(pool: pool, chunkLength: chunkLength, chunkCount: chunkCount)
    let keyBits = UInt64.bitWidth - maximum.leadingZeroBitCount
    let shift = UInt64(max(0, keyBits - Self.fineBits))
    let binCount = 1 << Self.fineBits

    var histograms = [UInt32](repeating: 0, count: chunkCount * binCount)
    histograms.withSharedBuffer { shared in
      pool.forEach(chunkCount) { chunk in
        shared.withPart(chunk * binCount..<(chunk + 1) * binCount) { bins in
          let lower = chunk &* chunkLength
          for index in lower..<min(lower &+ chunkLength, count) {
            // SAFETY: `index < count`; the bin has at most `fineBits` bits.
            let bin = unsafe Int(truncatingIfNeeded: first[index] &>> shift)
            bins[bin] &+= 1
          }
        }
      }
    }
    if cancellation?.isCancelled == true { return }

    let buckets = Buckets(
      histograms: histograms, binCount: binCount, count: count,
      target: max(Self.smallestBucket, count / 1024))
    var cursors = buckets.cursors(
      histograms: histograms, binCount: binCount, chunkCount: chunkCount)
    let bucketCount = buckets.starts.count - 1
    cursors.withSharedBuffer { shared in
      pool.forEach(chunkCount) { chunk in
        shared.withPart(chunk * bucketCount..<(chunk + 1) * bucketCount) { next in
          scatter(
            chunk &* chunkLength..<min(chunk &* chunkLength &+ chunkLength, count), shift: shift,
            bucketOfBin: buckets.ofBin, next: &next)
        }
      }
    }
    pool.forEach(bucketCount) { bucket in
      if cancellation?.isCancelled == true { return }
      sortBucket(buckets.starts[bucket]..<buckets.starts[bucket + 1])
    }
  }

  private func largestKey(pool: ThreadPool, chunkLength: Int, chunkCount: Int) -> UInt64 {
    var maxima = [UInt64](repeating: 0, count: chunkCount)
    maxima.withSharedBuffer { shared in
      pool.forEach(chunkCount) { chunk in
        var largest: UInt64 = 0
        let lower = chunk &* chunkLength
        for index in lower..<min(lower &+ chunkLength, count) {
          // SAFETY: `index < count`.
          largest = max(largest, unsafe first[index])
        }
        shared.withPart(chunk..<chunk + 1) { $0[0] = largest }
      }
    }
    return maxima.max() ?? 0
  }

  private func scatter(
    _ range: Range<Int>, shift: UInt64, bucketOfBin: [UInt16], next: inout MutableSpan<Int>
  ) {
    for index in range {
      // SAFETY: `index` is in the chunk; the place was counted by the histogram of this chunk.
      let key = unsafe first[index]
      let bucket = Int(bucketOfBin[Int(truncatingIfNeeded: key &>> shift)])
      let place = next[bucket]
      next[bucket] = place &+ 1
      unsafe second[place] = key
      if let firstPayload = unsafe firstPayload, let secondPayload = unsafe secondPayload {
        unsafe secondPayload[place] = firstPayload[index]
      }
    }
  }

  /// Sorts one range of `second` by way of the same range of `first`.
  private func sortBucket(_ range: Range<Int>) {
    guard range.count > 1 else { return }
    var lowest = UInt64.max
    var highest: UInt64 = 0
    for index in range {
      // SAFETY: `range` is inside `0..<count`.
      let key = unsafe second[index]
      lowest = min(lowest, key)
      highest = max(highest, key)
    }
    guard lowest < highest else { return }
    if range.count <= 32 {
      insertionSort(range)
      return
    }
    let bits = UInt64.bitWidth - (highest &- lowest).leadingZeroBitCount
    let pairs = (bits + 2 * Self.largestDigit - 1) / (2 * Self.largestDigit)
    let digit = (bits + 2 * pairs - 1) / (2 * pairs)
    var places = [Int](repeating: 0, count: 1 << digit)
    for pass in 0..<pairs {
      // SAFETY: both directions stay inside `range`, which is the same in both arrays.
      unsafe digitPass(
        from: second, payload: secondPayload, to: first, payload: firstPayload, range,
        lowest: lowest, shift: UInt64(2 * pass * digit), places: &places)
      unsafe digitPass(
        from: first, payload: firstPayload, to: second, payload: secondPayload, range,
        lowest: lowest, shift: UInt64((2 * pass + 1) * digit), places: &places)
    }
  }

  private func digitPass(
    from source: UnsafeMutablePointer<UInt64>, payload sourcePayload: UnsafeMutablePointer<UInt32>?,
    to target: UnsafeMutablePointer<UInt64>, payload targetPayload: UnsafeMutablePointer<UInt32>?,
    _ range: Range<Int>, lowest: UInt64, shift: UInt64, places: inout [Int]
  ) {
    let mask = UInt64(places.count &- 1)
    for digit in places.indices { places[digit] = 0 }
    for index in range {
      // SAFETY: as in `sortBucket`; a digit is at most `mask`.
      let digit = unsafe Int(truncatingIfNeeded: ((source[index] &- lowest) &>> shift) & mask)
      places[digit] &+= 1
    }
    var start = range.lowerBound
    for digit in places.indices {
      let length = places[digit]
      places[digit] = start
      start &+= length
    }
    for index in range {
      // SAFETY: as above; places stay inside `range` because they count its elements.
      let key = unsafe source[index]
      let digit = Int(truncatingIfNeeded: ((key &- lowest) &>> shift) & mask)
      let place = places[digit]
      places[digit] = place &+ 1
      unsafe target[place] = key
      if let sourcePayload = unsafe sourcePayload, let targetPayload = unsafe targetPayload {
        unsafe targetPayload[place] = sourcePayload[index]
      }
    }
  }

  private func insertionSort(_ range: Range<Int>) {
    for index in range.dropFirst() {
      // SAFETY: `place - 1` never falls below the range.
      let key = unsafe second[index]
      let moved = unsafe secondPayload?[index]
      var place = index
      while place > range.lowerBound, unsafe second[place - 1] > key {
        unsafe second[place] = second[place - 1]
        if let secondPayload = unsafe secondPayload {
          unsafe secondPayload[place] = secondPayload[place - 1]
        }
        place -= 1
      }
      unsafe second[place] = key
      if let moved { unsafe secondPayload?[place] = moved }
    }
  }
}

/// Where the buckets of a ``KeySort`` begin, and which bins of the histogram they hold.
private struct Buckets {
  /// Position of each bucket's first key, then the number of keys.
  var starts: [Int] = [0]
  /// The bucket of each bin.
  var ofBin: [UInt16]

  /// Joins neighbouring bins until a bucket holds `target` keys.
  init(histograms: [UInt32], binCount: Int, count: Int, target: Int) {
    ofBin = []
    ofBin.reserveCapacity(binCount)
    let chunkCount = histograms.count / binCount
    var filled = 0
    var position = 0
    for bin in 0..<binCount {
      var size = 0
      for chunk in 0..<chunkCount { size += Int(histograms[chunk * binCount + bin]) }
      if filled > 0, filled + size > target {
        starts.append(position)
        filled = 0
      }
      ofBin.append(UInt16(starts.count - 1))
      filled += size
      position += size
    }
    starts.append(position)
  }

  /// Where each chunk puts its first key of each bucket. Shape `[chunkCount, buckets]`.
  func cursors(histograms: [UInt32], binCount: Int, chunkCount: Int) -> [Int] {
    let bucketCount = starts.count - 1
    var result = [Int](repeating: 0, count: chunkCount * bucketCount)
    for chunk in 0..<chunkCount {
      for bin in 0..<binCount {
        result[chunk * bucketCount + Int(ofBin[bin])] += Int(histograms[chunk * binCount + bin])
      }
    }
    for bucket in 0..<bucketCount {
      var next = starts[bucket]
      for chunk in 0..<chunkCount {
        let size = result[chunk * bucketCount + bucket]
        result[chunk * bucketCount + bucket] = next
        next += size
      }
    }
    return result
  }
}
