import CMerestoneKernels

// SAFETY of the pointers here: parts of slots are below `slotCapacity`; what one worker writes,
// others read only after the next barrier, as said at each step.
extension SharedRegion {
  /// Sums `buffer` and `doubles` over all workers in tree order, everywhere.
  ///
  /// Each worker copies its numbers to its slot; after a barrier each adds up, for its own part of
  /// the elements, all slots into the result; after another barrier each copies the whole result.
  /// Two barriers are enough: slots are read before the second one only, and the result is next
  /// written after the first barrier of the next call, when everybody has copied it.
  func reduce(rank: Int, _ buffer: inout [Float], _ doubles: inout [Double]) {
    precondition(doubles.count <= Self.doublesPerWorker, "\(doubles.count) doubles in a reduction")
    unsafe mrs_store_u64(floatCount(rank), UInt64(buffer.count))
    unsafe mrs_store_u64(doubleCount(rank), UInt64(doubles.count))
    unsafe self.doubles(of: rank).update(from: doubles, count: doubles.count)
    var start = 0
    repeat {
      let count = min(slotCapacity, buffer.count - start)
      unsafe buffer.withUnsafeBufferPointer {
        if count > 0 { unsafe slot(rank).update(from: $0.baseAddress! + start, count: count) }
      }
      barrier(rank: rank)
      if start == 0 {
        checkCounts(buffer.count, doubles.count)
        sumDoubles(&doubles)
      }
      sumSlots(part(rank, of: count))
      barrier(rank: rank)
      unsafe buffer.withUnsafeMutableBufferPointer {
        if count > 0 {
          unsafe ($0.baseAddress! + start).update(from: slot(workerCount), count: count)
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

  /// Adds up a part of all slots into the result, pairs first. The slots serve as scratch space.
  private func sumSlots(_ range: Range<Int>) {
    var stride = 1
    while 2 * stride < workerCount {
      for left in Swift.stride(from: 0, to: workerCount - stride, by: 2 * stride) {
        unsafe Self.add(slot(left), slot(left + stride), into: slot(left), range)
      }
      stride *= 2
    }
    unsafe Self.add(slot(0), slot(stride), into: slot(workerCount), range)
  }

  private static func add(
    _ left: UnsafeMutablePointer<Float>, _ right: UnsafeMutablePointer<Float>,
    into sum: UnsafeMutablePointer<Float>, _ range: Range<Int>
  ) {
    for index in range { unsafe sum[index] = left[index] + right[index] }
  }
}
