import Glibc

extension Array where Element: BitwiseCopyable {
  /// An array of `count` equal elements in memory that the kernel may back with huge pages: random
  /// reads of a table far larger than the caches cost about half with them.
  package init(inHugePages value: Element, count: Int) {
    // SAFETY: all elements are written before the count is set.
    unsafe self.init(unsafeUninitializedCapacity: count) { buffer, initializedCount in
      unsafe HugePages.advise(UnsafeMutableRawBufferPointer(buffer))
      unsafe buffer.initialize(repeating: value)
      initializedCount = count
    }
  }
}

/// Asks for pages of 2 MiB. A hint: where there are none, nothing changes.
package enum HugePages {
  package static let byteCount = 2 << 20

  /// Advises on the whole huge pages inside `memory`, which should not have been written yet.
  @unsafe package static func advise(_ memory: UnsafeMutableRawBufferPointer) {
    guard let base = memory.baseAddress else { return }
    let start = Int(bitPattern: base)
    let lower = (start + byteCount - 1) / byteCount * byteCount
    let upper = (start + memory.count) / byteCount * byteCount
    guard lower < upper else { return }
    // SAFETY: the range lies inside the caller's memory.
    _ = unsafe madvise(base + (lower - start), upper - lower, MADV_HUGEPAGE)
  }
}
