/// Picks the quadrants of seven levels of a Kronecker graph with one random word.
///
/// The 4^7 sequences of quadrants are one discrete distribution, drawn by the alias method (Walker,
/// "An Efficient Method for Generating Discrete Random Variables with General Distributions", ACM
/// TOMS 1977; table by Vose, IEEE TSE 1991). A word's upper 14 bits choose an entry; its lower 18
/// bits choose between the entry's own sequence and its alias. An entry packs a threshold (upper 18
/// bits) and an alias (lower 14). Probabilities are exact to 2^-32.
struct QuadrantTable: Sendable {
  static let levels = 7
  private static let indexBits: UInt32 = 14
  private static let thresholdBits: UInt32 = 18

  private let entries: [UInt32]

  /// - Parameter probabilities: Of (0, 0), (0, 1), (1, 0) and (1, 1) as bits of source and
  ///   destination.
  init(probabilities: (Double, Double, Double, Double)) {
    let count = 1 << Int(Self.indexBits)
    let (a, b, c, d) = probabilities
    // Sequence `row << 7 | column`: bit l of row and column is the quadrant of level l.
    var scaled = (0..<count).map { sequence in
      var probability = Double(count)
      for level in 0..<Self.levels {
        let row = sequence >> (Self.levels + level) & 1
        let column = sequence >> level & 1
        probability *= row == 0 ? (column == 0 ? a : b) : (column == 0 ? c : d)
      }
      return probability
    }
    var alias = Array(0..<count)
    var small: [Int] = []
    var large: [Int] = []
    for index in 0..<count {
      if scaled[index] < 1 { small.append(index) } else { large.append(index) }
    }
    while let low = small.popLast(), let high = large.popLast() {
      alias[low] = high
      scaled[high] -= 1 - scaled[low]
      if scaled[high] < 1 { small.append(high) } else { large.append(high) }
    }
    // What rounding left over keeps its own sequence: an alias of itself.
    let unit = Double(1 << Self.thresholdBits)
    entries = (0..<count).map { index in
      let threshold = min(UInt32(scaled[index] * unit), 1 << Self.thresholdBits - 1)
      return threshold << Self.indexBits | UInt32(alias[index])
    }
  }

  /// Seven bits of the source and of the destination.
  @inline(__always) func pick(_ word: UInt32) -> (row: UInt64, column: UInt64) {
    let index = word &>> Self.thresholdBits
    let entry = entries[Int(index)]
    let threshold = entry &>> Self.indexBits
    let isOwn = word & (1 &<< Self.thresholdBits &- 1) < threshold
    let sequence = isOwn ? index : entry & (1 &<< Self.indexBits &- 1)
    return (UInt64(sequence &>> 7), UInt64(sequence & 127))
  }
}
