import Synchronization

/// Memory that is used again from step to step, so that a steady state touches no fresh pages.
///
/// Sizes are rounded up to four classes per power of two; a request takes a free block of its
/// class or of one at most twice as large. Blocks go back when their ``PooledBuffer`` goes away,
/// and to the system with the pool or by ``trim()``.
package final class BufferPool: Sendable {
  /// `@unchecked Sendable`: a block has one owner at a time, the pool or one buffer.
  @safe struct RawBlock: @unchecked Sendable {
    let base: UnsafeMutableRawPointer
    let sizeClass: Int
  }

  private struct State {
    var free: [[RawBlock]] = []
    var freshCount = 0
    var totalBytes = 0
  }

  private let state = Mutex(State())

  package init() {}

  deinit { trim() }

  /// How often memory had to be asked of the system: constant in a steady state.
  package var freshAllocationCount: Int { state.withLock { $0.freshCount } }

  /// Bytes held, in use and free.
  package var totalBytes: Int { state.withLock { $0.totalBytes } }

  /// Gives the free blocks back to the system.
  package func trim() {
    state.withLock { state in
      for index in state.free.indices {
        for block in state.free[index] {
          // SAFETY: a free block has no other user.
          unsafe block.base.deallocate()
          state.totalBytes -= Self.bytes(ofClass: index)
        }
        state.free[index].removeAll()
      }
    }
  }

  func take(bytes: Int) -> RawBlock {
    let wanted = Self.sizeClass(of: bytes)
    return state.withLock { state in
      if state.free.count <= wanted + 4 {
        state.free.append(
          contentsOf: repeatElement([], count: wanted + 5 - state.free.count))
      }
      for candidate in wanted...(wanted + 4) {
        if let block = state.free[candidate].popLast() { return block }
      }
      state.freshCount += 1
      let size = Self.bytes(ofClass: wanted)
      state.totalBytes += size
      return unsafe RawBlock(
        base: .allocate(byteCount: size, alignment: 64), sizeClass: wanted)
    }
  }

  func give(_ block: RawBlock) {
    state.withLock { $0.free[block.sizeClass].append(block) }
  }

  /// Classes 4 e ..< 4 e + 4 hold (4, 5, 6, 7) * 2^(e + 8) bytes: 1 KiB and up.
  private static func sizeClass(of bytes: Int) -> Int {
    let units = max(4, (bytes + 255) >> 8)
    let exponent = Int.bitWidth - 1 - units.leadingZeroBitCount - 2
    let rounded = (units + (1 << exponent) - 1) >> exponent
    return rounded == 8 ? 4 * (exponent + 1) : 4 * exponent + rounded - 4
  }

  private static func bytes(ofClass index: Int) -> Int { (4 + index % 4) << (index / 4 + 8) }
}
