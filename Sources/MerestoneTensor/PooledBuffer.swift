/// One stretch of memory: taken from a pool and given back at the end, or borrowed from a caller.
///
/// `@unchecked Sendable`: a buffer is filled by the operation that makes it, at disjoint ranges,
/// and only read afterwards; gradients are changed by one operation at a time.
@safe package final class PooledBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  let count: Int
  private let pool: BufferPool?
  private let block: BufferPool.RawBlock?
  private var pointer: UnsafeMutablePointer<Element>?

  /// Takes memory with unspecified contents.
  init(count: Int, from pool: BufferPool) {
    precondition(count >= 0, "a buffer of \(count) elements")
    self.count = count
    self.pool = pool
    let block = pool.take(bytes: count * MemoryLayout<Element>.stride)
    self.block = block
    unsafe pointer = block.base.bindMemory(to: Element.self, capacity: count)
  }

  /// Stands for memory of a caller until ``endBorrow()``; it must never be written.
  @unsafe init(borrowing memory: UnsafeBufferPointer<Element>) {
    count = memory.count
    pool = nil
    block = nil
    unsafe pointer =
      UnsafeMutablePointer(mutating: memory.baseAddress)
      ?? UnsafeMutablePointer(bitPattern: MemoryLayout<Element>.alignment)
  }

  deinit {
    if let pool, let block { pool.give(block) }
  }

  var isBorrowed: Bool { pool == nil }

  func endBorrow() { unsafe pointer = nil }

  /// - Safety: Valid while the buffer lives, for `count` elements.
  @unsafe var base: UnsafeMutablePointer<Element> {
    guard let pointer = unsafe pointer else {
      preconditionFailure("a borrowed tensor was used after the call that lent it")
    }
    return unsafe pointer
  }

  func withMutableSpan<R, E: Error>(
    _ body: (inout MutableSpan<Element>) throws(E) -> R
  ) throws(E) -> R {
    precondition(!isBorrowed, "a borrowed buffer is read-only")
    // SAFETY: `self` lives for the whole call and covers `count` elements; one operation at a time writes a buffer.
    var span = unsafe MutableSpan(_unsafeStart: base, count: count)
    return try body(&span)
  }
}
