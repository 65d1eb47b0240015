import MerestoneStorage

/// Some of the integers that came in, chosen by their hashes, to cut their values into even pieces.
struct ValueSample: Sendable {
  private var values: [UInt64] = []
  private var mask: UInt64 = 0

  private static let limit = 1 << 17

  mutating func consider(_ value: UInt64, hash: UInt64) {
    guard hash & mask == 0 else { return }
    values.append(value)
    guard values.count > Self.limit else { return }
    // The same integer may come again and again.
    values = distinct()
    while values.count > Self.limit / 2 {
      mask = mask << 1 | 1
      let mask = mask
      values.removeAll { RawIDHash.mix($0) & mask != 0 }
    }
  }

  private func distinct() -> [UInt64] {
    var kept: [UInt64] = []
    for value in values.sorted() where kept.last != value { kept.append(value) }
    return kept
  }

  /// At most `pieces - 1` ascending values, each the first of a piece.
  func splitters(pieces: Int) -> [UInt64] {
    let values = distinct()
    var splitters: [UInt64] = []
    for piece in 1..<max(1, pieces) {
      let value = values.isEmpty ? 0 : values[piece * values.count / pieces]
      if value > splitters.last ?? 0 { splitters.append(value) }
    }
    return splitters
  }

  /// The piece of a value.
  static func piece(of value: UInt64, _ splitters: [UInt64]) -> Int {
    var (lower, upper) = (0, splitters.count)
    while lower < upper {
      let middle = (lower &+ upper) / 2
      if splitters[middle] <= value { lower = middle &+ 1 } else { upper = middle }
    }
    return lower
  }
}
