import CMerestoneKernels

// SAFETY of the pointers here: parts of slots are below `slotCapacity`; what one worker writes,
// others read only after the next barrier, as said at each step.
extension SharedRegion {
  /// Sums `buffer` and `doubles` over all workers in tree order, everywhere.
  ///
  /// Every worker adds up one part of the elements. It copies the other parts to its slot; after a
  /// barrier it adds its own part of all slots, into its buffer and the result; after another
  /// barrier it copies the other parts of the result. Two barriers are enough: slots are read
  /// before the second one only, and the result is next written after the first barrier of the
  /// next call, when everybody has copied it.
  func reduce(rank: Int, _ buffer: inout [Float], _ doubles: inout [Double]) {
    precondition(doubles.count <= Self.doublesPerWorker, "\(doubles.count) doubles in a reduction")
    unsafe mrs_store_u64(floatCount(rank), UInt64(buffer.count))
    unsafe mrs_store_u64(doubleCount(rank), UInt64(doubles.count))
    unsafe self.doubles(of: rank).update(from: doubles, count: doubles.count)
    var start = 0
    repeat {
      let count = min(slotCapacity, buffer.count - start)
      let own = part(rank, of: count)
      unsafe buffer.withUnsafeMutableBufferPointer { whole in
        let numbers = unsafe UnsafeMutableBufferPointer(rebasing: whole[start..<(start + count)])
        for range in [0..<own.lowerBound, own.upperBound..<count] where !range.isEmpty {
          unsafe (slot(rank) + range.lowerBound).update(
            from: numbers.baseAddress! + range.lowerBound, count: range.count)
        }
        barrier(rank: rank)
        if !own.isEmpty { unsafe sum(own, rank: rank, numbers.baseAddress!) }
      }
      if start == 0 {
        checkCounts(buffer.count, doubles.count)
        sumDoubles(&doubles)
      }
      barrier(rank: rank)
      unsafe buffer.withUnsafeMutableBufferPointer { whole in
        for range in [0..<own.lowerBound, own.upperBound..<count] where !range.isEmpty {
          unsafe (whole.baseAddress! + start + range.lowerBound).update(
            from: slot(workerCount) + range.lowerBound, count: range.count)
        }
      }
      start += count
    } while start < buffer.count
  }

  /// Replaces `bytes` by those of rank 0, a slot's worth at a time, by way of the result.
  func broadcast(rank: Int, _ bytes: inout [UInt8]) {
    let chunk = slotCapacity * MemoryLayout<Float>.stride
    let board = unsafe UnsafeMutableRawPointer(slot(workerCount))
    // Everybody has copied what the result held before.
    barrier(rank: rank)
    if rank == 0 { unsafe mrs_store_u64(broadcastByteCount, UInt64(bytes.count)) }
    var start = 0
    var total = bytes.count
    repeat {
      if rank == 0 {
        let count = min(chunk, total - start)
        unsafe bytes.withUnsafeBytes {
          if count > 0 {
            unsafe board.copyMemory(from: $0.baseAddress! + start, byteCount: count)
          }
        }
      }
      barrier(rank: rank)
      if start == 0, rank != 0 {
        total = unsafe Int(mrs_load_u64(broadcastByteCount))
        if bytes.count != total { bytes = [UInt8](repeating: 0, count: total) }
      }
      let count = min(chunk, total - start)
      if rank != 0, count > 0 {
        unsafe bytes.withUnsafeMutableBytes {
          unsafe ($0.baseAddress! + start).copyMemory(from: board, byteCount: count)
        }
      }
      start += count
      if start < total { barrier(rank: rank) }
    } while start < total
  }

  private func checkCounts(_ floats: Int, _ doubles: Int) {
    for worker in 0..<workerCount {
      let found = unsafe (mrs_load_u64(floatCount(worker)), mrs_load_u64(doubleCount(worker)))
      precondition(
        found == (UInt64(floats), UInt64(doubles)),
        "worker \(worker) reduces \(found) numbers, another \((floats, doubles))")
    }
  }

  private func sumDoubles(_ doubles: inout [Double]) {
    for index in doubles.indices {
      var values = (0..<workerCount).map { unsafe self.doubles(of: $0)[index] }
      var stride = 1
      while stride < workerCount {
        for left in Swift.stride(from: 0, to: workerCount - stride, by: 2 * stride) {
          values[left] += values[left + stride]
        }
        stride *= 2
      }
      doubles[index] = values[0]
    }
  }

  /// The elements that `rank` adds up: whole cache lines, so that no two workers write to one.
  private func part(_ rank: Int, of count: Int) -> Range<Int> {
    let lines = (count + 15) / 16
    func bound(_ rank: Int) -> Int { min(count, lines * rank / workerCount * 16) }
    return bound(rank)..<bound(rank + 1)
  }

  /// Adds up a part of all workers' numbers, pairs first, into the result and into `numbers`,
  /// which stand in for the slot of `rank`. All of them serve as scratch space.
  private func sum(_ range: Range<Int>, rank: Int, _ numbers: UnsafeMutablePointer<Float>) {
    func input(_ worker: Int) -> UnsafeMutablePointer<Float> {
      unsafe (worker == rank ? numbers : slot(worker)) + range.lowerBound
    }
    var stride = 1
    while stride < workerCount {
      for left in Swift.stride(from: 0, to: workerCount - stride, by: 2 * stride) {
        unsafe Self.add(input(left + stride), to: input(left), count: range.count)
      }
      stride *= 2
    }
    if rank != 0 {
      unsafe (numbers + range.lowerBound).update(from: input(0), count: range.count)
    }
    unsafe (slot(workerCount) + range.lowerBound).update(from: input(0), count: range.count)
  }

  private static func add(
    _ right: UnsafeMutablePointer<Float>, to left: UnsafeMutablePointer<Float>, count: Int
  ) {
    for index in 0..<count { unsafe left[index] += right[index] }
  }
}
