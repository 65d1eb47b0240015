import ArgumentParser

/// A list of fanouts as the command line spells it: `15,10,5`, or `all` for every edge.
struct Fanouts {
  /// One number per hop, the hop next to the seeds first; -1 keeps every edge.
  let values: [Int]

  init(parsing text: String) throws {
    values = try text.split(separator: ",", omittingEmptySubsequences: false).map { word in
      if word == "all" { return -1 }
      guard let value = Int(word), value >= -1 else {
        throw ValidationError(
          "'\(word)' in '\(text)' is not a fanout; write numbers such as 15,10,5, or all.")
      }
      return value
    }
  }

  /// Fewer neighbours the farther they are: 10,5 for two layers, 15,10,5 for three.
  static func usual(layers: Int) -> [Int] {
    let far = Array([15, 10, 5].suffix(max(0, min(layers, 3))))
    return far + Array(repeating: 5, count: max(0, layers - 3))
  }
}
