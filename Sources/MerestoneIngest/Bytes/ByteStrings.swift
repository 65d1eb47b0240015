/// Many short strings in two arrays: all bytes, and where each string starts.
package struct ByteStrings: Sendable, Equatable {
  /// The UTF-8 bytes of all strings, one after the other.
  package private(set) var bytes: [UInt8]
  /// Where each string starts in ``bytes``, and the end. Shape `[count + 1]`.
  package private(set) var offsets: [Int]

  package init() {
    bytes = []
    offsets = [0]
  }

  package init(_ strings: some Sequence<String>) {
    self.init()
    for string in strings {
      bytes.append(contentsOf: string.utf8)
      offsets.append(bytes.count)
    }
  }

  /// Strings inside `bytes`, which may hold more.
  ///
  /// - Parameters:
  ///   - base: Added to every offset.
  ///   - offsets: Where each string starts, and the end of the last; ascending.
  package init(_ bytes: [UInt8], base: Int, offsets: some Sequence<Int>) {
    self.bytes = bytes
    self.offsets = offsets.map { base + $0 }
    precondition(
      self.offsets.last.map { $0 <= bytes.count } ?? false, "strings beyond their bytes")
  }

  package var count: Int { offsets.count - 1 }

  package subscript(index: Int) -> String {
    String(decoding: bytes[range(index)], as: UTF8.self)
  }

  /// Where string `index` lies in ``bytes``.
  package func range(_ index: Int) -> Range<Int> { offsets[index]..<offsets[index + 1] }

  package mutating func append(contentsOf other: ByteStrings) {
    let base = bytes.count
    bytes.append(contentsOf: other.bytes)
    for offset in other.offsets.dropFirst() { offsets.append(base + offset) }
  }

  mutating func reserve(strings: Int, bytes count: Int) {
    offsets.reserveCapacity(strings + 1)
    bytes.reserveCapacity(count)
  }

  mutating func append(_ range: Range<Int>, of view: TextView) {
    view.append(range, to: &bytes)
    offsets.append(bytes.count)
  }
}
