import MerestoneCore

/// Elements that are written once and then read at random by all samplers: they start at a huge page,
/// and so at a cache line.
///
/// `@unchecked Sendable`: nothing writes them after `init`.
@safe
final class SharedTable<Element: BitwiseCopyable & Sendable>: @unchecked Sendable {
  private let memory: UnsafeMutableBufferPointer<Element>

  /// - Parameter fill: Gets `count` times `zero`, to be written by several threads at once.
  init<E: Error>(
    count: Int, zero: Element, fill: (SharedBuffer<Element>) throws(E) -> Void
  ) throws(E) {
    let bytes = UnsafeMutableRawBufferPointer.allocate(
      byteCount: count * MemoryLayout<Element>.size,
      alignment: count > 0 ? HugePages.byteCount : 64)
    unsafe HugePages.advise(bytes)
    unsafe memory = bytes.bindMemory(to: Element.self)
    unsafe memory.initialize(repeating: zero)
    // SAFETY: the memory lives as long as this object.
    try fill(unsafe SharedBuffer(unsafe: memory))
  }

  deinit { unsafe memory.deallocate() }

  var count: Int { unsafe memory.count }

  /// Lends some elements.
  func withPart<R>(_ range: Range<Int>, _ body: (Span<Element>) -> R) -> R {
    // SAFETY: the elements were initialised, and live through the call.
    unsafe body(Span(_unsafeElements: UnsafeBufferPointer(rebasing: memory[range])))
  }

  /// - Precondition: The address is used while this object lives.
  @unsafe var address: UnsafePointer<Element>? { unsafe UnsafePointer(memory.baseAddress) }
}
