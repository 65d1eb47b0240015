import Synchronization

/// Remembers which pages of a mapped file have been verified in this process: one bit a page.
///
/// Any thread may read and insert. Two threads that touch a page for the first time at once both
/// verify it, which costs time and nothing else.
///
/// `@unchecked Sendable`: the words are atomics, and the pointer to them never changes.
@safe package final class FirstTouchSet: @unchecked Sendable {
  package let count: Int
  private let words: UnsafeMutablePointer<Atomic<UInt64>>
  private let wordCount: Int

  /// - Parameter count: Pages in the file.
  package init(count: Int) {
    self.count = count
    wordCount = count / 64 + 1
    // SAFETY: every word is initialised here and deinitialised by `deinit`.
    unsafe words = .allocate(capacity: wordCount)
    for index in 0..<wordCount { unsafe (words + index).initialize(to: Atomic(0)) }
  }

  deinit {
    // SAFETY: `init` made exactly these words.
    unsafe words.deinitialize(count: wordCount)
    unsafe words.deallocate()
  }

  @inline(__always) package func contains(_ page: Int) -> Bool {
    precondition(page >= 0 && page < count, "page \(page) of \(count)")
    // SAFETY: `page` was checked. Acquiring pairs with `insert`, though nothing but the file's
    // immutable bytes was read before.
    return unsafe words[page >> 6].load(ordering: .acquiring) >> UInt64(page & 63) & 1 == 1
  }

  /// - Returns: Whether the page was new.
  @discardableResult
  package func insert(_ page: Int) -> Bool {
    precondition(page >= 0 && page < count, "page \(page) of \(count)")
    let bit: UInt64 = 1 << UInt64(page & 63)
    // SAFETY: `page` was checked.
    return unsafe words[page >> 6].bitwiseOr(bit, ordering: .releasing).oldValue & bit == 0
  }
}
