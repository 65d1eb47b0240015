extension Sequence where Element: Hashable {
  /// The first element that equals an earlier one; nil where all differ.
  /// - Complexity: O(*n*), since a damaged line can look like a hundred thousand columns.
  var firstRepeated: Element? {
    var seen: Set<Element> = []
    return first { !seen.insert($0).inserted }
  }
}
