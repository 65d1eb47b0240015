extension Array {
  /// Makes the array `count` elements long and keeps its memory: what is cut off is gone, what is
  /// new holds `value`.
  ///
  /// - Complexity: O(new elements), and a copy of the whole array where it must move.
  @inlinable package mutating func resize(to count: Int, filling value: Element) {
    if count < self.count {
      removeLast(self.count - count)
    } else if count > self.count {
      // Arrays that grow double their memory; one that is sized does not need it.
      if count > capacity { reserveCapacity(count + count / 16) }
      append(contentsOf: repeatElement(value, count: count - self.count))
    }
  }
}

extension Array where Element: BitwiseCopyable {
  /// The memory that it holds, whether it is filled or not.
  package var byteCapacity: Int { capacity * MemoryLayout<Element>.stride }
}
