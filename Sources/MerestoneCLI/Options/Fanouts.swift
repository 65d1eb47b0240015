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

  /// Fanouts of one relation, `name=15,10,5`, or of the only one.
  struct OfRelation {
    let relation: String?
    let fanouts: Fanouts

    init(parsing text: String) throws {
      // Names may hold any sign, fanouts no =.
      let end = text.lastIndex(of: "=")
      relation = end.map { String(text[..<$0]) }
      fanouts = try Fanouts(
        parsing: String(end.map { text[text.index(after: $0)...] } ?? text[...]))
    }
  }

  /// Fewer neighbours the farther they are: 10,5 for two layers, 15,10,5 for three.
  static func usual(layers: Int) -> [Int] {
    let far = Array([15, 10, 5].suffix(max(0, min(layers, 3))))
    return far + Array(repeating: 5, count: max(0, layers - 3))
  }
}
