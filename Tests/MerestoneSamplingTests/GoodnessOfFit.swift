/// Pearson's chi-square test of counts against the law that they should follow.
enum GoodnessOfFit {
  /// Whether the counts could come from `law`.
  ///
  /// A true law fails for about 1 of 10,000 keys; tests fix theirs. Cells are merged with the next
  /// until each expects 10 or more. The quantile is Wilson and Hilferty's ("The Distribution of
  /// Chi-Square", PNAS 1931).
  static func accepts(_ counts: [Int], law: [Double]) -> Bool {
    precondition(counts.count == law.count)
    let total = Double(counts.reduce(0, +))
    let mass = law.reduce(0, +)
    var cells: [(count: Double, expected: Double)] = []
    var open = (count: 0.0, expected: 0.0)
    for (count, weight) in zip(counts, law) {
      if weight == 0, count > 0 { return false }
      open.count += Double(count)
      open.expected += total * weight / mass
      if open.expected >= 10 {
        cells.append(open)
        open = (0, 0)
      }
    }
    if let last = cells.indices.last {
      cells[last].count += open.count
      cells[last].expected += open.expected
    }
    guard cells.count > 1 else { return true }
    let chiSquare = cells.reduce(0.0) { sum, cell in
      sum + (cell.count - cell.expected) * (cell.count - cell.expected) / cell.expected
    }
    let degrees = Double(cells.count - 1)
    let root = 1 - 2 / (9 * degrees) + 3.719 * (2 / (9 * degrees)).squareRoot()
    return chiSquare < degrees * root * root * root
  }
}
