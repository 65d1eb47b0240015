/// Uninitialised memory that only grows: a buffer that is written before it is read.
///
/// `@unchecked Sendable`: whoever shares it writes disjoint parts.
@safe final class ScratchMemory<Element: BitwiseCopyable>: @unchecked Sendable {
  private(set) var base: UnsafeMutablePointer<Element>?
  private(set) var capacity = 0

  init() {
    unsafe base = nil
  }

  deinit { unsafe base?.deallocate() }

  var byteCount: Int { capacity * MemoryLayout<Element>.stride }

  /// Makes room for `count` elements; what it held is lost where it must grow.
  func reserve(_ count: Int) {
    guard count > capacity else { return }
    unsafe base?.deallocate()
    capacity = max(count, capacity + capacity / 8)
    unsafe base = .allocate(capacity: capacity)
  }
}
