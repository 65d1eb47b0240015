package import MerestoneCore

extension Array where Element: BitwiseCopyable & Sendable {
  /// An array of `count` elements that all threads write, tile by tile, with no zeroing before.
  ///
  /// - Parameter fill: Gets the positions of a tile and its elements, all of which it must write.
  package init(
    filling count: Int, pool: ThreadPool, tile: Int = 1 << 18,
    _ fill: (Range<Int>, inout MutableSpan<Element>) -> Void
  ) {
    // SAFETY: the tiles cover every element; `fill` writes each before anyone reads it, and the
    // elements are trivial, so unwritten ones could do no more harm than odd values.
    unsafe self.init(unsafeUninitializedCapacity: count) { buffer, initializedCount in
      let shared = unsafe SharedBuffer(unsafe: buffer.extracting(0..<count))
      pool.forEachTile(of: count, tile: tile) { range in
        shared.withPart(range) { fill(range, &$0) }
      }
      initializedCount = count
    }
  }

  /// An array of `count` elements of unspecified value, to be written before they are read.
  init(unwritten count: Int) {
    // SAFETY: the elements are trivial: reading one early gives an odd value and nothing worse.
    unsafe self.init(unsafeUninitializedCapacity: count) { $1 = count }
  }
}
