import MerestoneCore

extension ColumnData {
  /// Whether any of these rows has a value.
  func hasValue(among rows: [UInt32]) -> Bool {
    switch self {
    case .integers: !rows.isEmpty
    case .numbers(let values): rows.contains { !values[Int($0)].isNaN }
    case .splits(let values): rows.contains { values[Int($0)] != Split.none.rawValue }
    case .labels(let codes, _): rows.contains { codes[Int($0)] >= 0 }
    case .categories(let codes, let words):
      if let none = words.firstIndex(of: "-") {
        rows.contains { codes[Int($0)] != UInt32(truncatingIfNeeded: none) }
      } else {
        !rows.isEmpty
      }
    }
  }

  /// The column with the words of these rows alone, in the order in which the rows have them.
  func withWords(of rows: [UInt32]) -> ColumnData {
    guard case .categories(var codes, let words) = self else { return self }
    var known: [UInt32: UInt32] = [:]
    var kept: [String] = []
    for row in rows {
      let code = codes[Int(row)]
      if let new = known[code] {
        codes[Int(row)] = new
      } else {
        let new = UInt32(truncatingIfNeeded: kept.count)
        known[code] = new
        kept.append(words[Int(code)])
        codes[Int(row)] = new
      }
    }
    return .categories(codes: codes, words: kept)
  }
}
