/// Finds what a user may have meant by a name that does not exist.
package enum NearestName {
  /// The candidate with the fewest insertions, deletions and replacements of characters from `name`,
  /// letters compared without case; `nil` where none is nearer than half the length of the longer.
  ///
  /// Wagner and Fischer, "The String-to-String Correction Problem", JACM 1974. The first of
  /// several that are equally near.
  package static func of(_ name: String, among candidates: [String]) -> String? {
    var best: (name: String, distance: Int)?
    for candidate in candidates {
      let distance = distance(Array(name.lowercased()), Array(candidate.lowercased()))
      guard 2 * distance <= max(name.count, candidate.count) else { continue }
      if best == nil || distance < best!.distance { best = (candidate, distance) }
    }
    return best?.name
  }

  private static func distance(_ first: [Character], _ second: [Character]) -> Int {
    var row = Array(0...second.count)
    for (i, character) in first.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for (j, other) in second.enumerated() {
        let replaced = diagonal + (character == other ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, row[j] + 1, row[j + 1] + 1)
      }
    }
    return row[second.count]
  }
}
