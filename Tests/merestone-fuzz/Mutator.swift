import MerestoneTestSupport

/// Changes bytes in the ways in which files go wrong, and in those that make readers go wrong.
enum Mutator {
  /// An input grows no further than this.
  private static let largest = 1 << 18

  /// Numbers at which arithmetic breaks.
  static let edgeNumbers: [UInt64] = [
    0, 1, 2, 3, 7, 8, 63, 64, 127, 128, 255, 256, 511, 512, 4095, 4096, 4097, 65_535, 65_536,
    1 << 24, 1 << 31 - 1, 1 << 31, 1 << 32 - 1, 1 << 32, 1 << 32 + 1, 1 << 40, 1 << 53, 1 << 61,
    1 << 62, 1 << 63 - 1, 1 << 63, .max - 1, .max,
  ]

  /// Fragments that text readers treat specially.
  private static let tokens: [String] = [
    "\n", "\r\n", "\r", "\t", ",", " ", "\"", "\"\"", "#", "# columns: ", "-", "+", ".", "0", "00",
    "-1", "1e9", "1e400", "nan", "inf", "0x1f", "\0", "\u{feff}", "é", "\u{7f}", "train", "val",
    "src", "dst", "weight", "split", "label", "id", "18446744073709551615", "18446744073709551616",
    "99999999999999999999999", "[", "]", "{", "}", "(", ")", "'", ":", "null", "true", "1.5", "<f4",
    "|u1", "<i8", ">i4", "True", "False",
  ]

  /// Applies one to four changes.
  /// - Parameter others: Inputs to take pieces from.
  static func mutate(
    _ bytes: inout [UInt8], others: [[UInt8]], using generator: inout SplitMix64
  ) {
    let count = [1, 1, 1, 2, 2, 3, 4].randomElement(using: &generator)!
    for _ in 0..<count { change(&bytes, others: others, using: &generator) }
    if bytes.count > largest { bytes.removeSubrange(largest...) }
  }

  private static func change(
    _ bytes: inout [UInt8], others: [[UInt8]], using generator: inout SplitMix64
  ) {
    let place = Int.random(in: 0...bytes.count, using: &generator)
    let range = someRange(of: bytes, using: &generator)
    switch Int.random(in: 0..<16, using: &generator) {
    case 0, 1:
      if place < bytes.count { bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator) }
    case 2:
      if place < bytes.count { bytes[place] = .random(in: 0...255, using: &generator) }
    case 3: bytes.removeSubrange(place...)
    case 4: bytes.removeSubrange(range)
    case 5:
      let piece = Array(bytes[range])
      let times = Int.random(in: 1...64, using: &generator)
      for _ in 0..<times where bytes.count < largest { bytes.insert(contentsOf: piece, at: place) }
    case 6:
      guard let other = others.randomElement(using: &generator) else { return }
      let piece = other[someRange(of: other, using: &generator)]
      bytes.replaceSubrange(range, with: piece)
    case 7:
      let piece = bytes[range]
      bytes.removeSubrange(range)
      bytes.insert(contentsOf: piece, at: min(place, bytes.count))
    case 8, 9, 10: storeNumber(in: &bytes, at: place, using: &generator)
    case 11, 12: replaceDecimal(in: &bytes, near: place, using: &generator)
    case 13, 14:
      let token = Array(tokens.randomElement(using: &generator)!.utf8)
      if Bool.random(using: &generator) {
        bytes.insert(contentsOf: token, at: place)
      } else {
        bytes.replaceSubrange(place..<min(bytes.count, place + token.count), with: token)
      }
    default:
      let byte = bytes.randomElement(using: &generator) ?? 0
      let count = Int.random(in: 1...300, using: &generator)
      bytes.insert(contentsOf: repeatElement(byte, count: count), at: place)
    }
  }

  private static func someRange(
    of bytes: [UInt8], using generator: inout SplitMix64
  ) -> Range<Int> {
    let lower = Int.random(in: 0...bytes.count, using: &generator)
    let longest = Bool.random(using: &generator) ? 16 : bytes.count
    return lower..<lower + Int.random(in: 0...min(longest, bytes.count - lower), using: &generator)
  }

  /// Writes a little-endian number of 2, 4 or 8 bytes over what is there, often at a multiple of
  /// its size, or changes the number that is there by one.
  private static func storeNumber(
    in bytes: inout [UInt8], at place: Int, using generator: inout SplitMix64
  ) {
    let size = [2, 4, 8].randomElement(using: &generator)!
    guard bytes.count >= size else { return }
    var place = min(place, bytes.count - size)
    if Int.random(in: 0..<4, using: &generator) > 0 { place -= place % size }
    var number = edgeNumbers.randomElement(using: &generator)!
    if Int.random(in: 0..<3, using: &generator) == 0 {
      number = 0
      for index in 0..<size { number |= UInt64(bytes[place + index]) << UInt64(8 * index) }
      number = Bool.random(using: &generator) ? number &+ 1 : number &- 1
    }
    for index in 0..<size {
      bytes[place + index] = UInt8(truncatingIfNeeded: number >> UInt64(8 * index))
    }
  }

  /// Replaces the run of digits at or behind `place`.
  private static func replaceDecimal(
    in bytes: inout [UInt8], near place: Int, using generator: inout SplitMix64
  ) {
    func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }
    guard var lower = bytes[place...].firstIndex(where: isDigit) else { return }
    while lower > 0, isDigit(bytes[lower - 1]) { lower -= 1 }
    var upper = lower
    while upper < bytes.count, isDigit(bytes[upper]) { upper += 1 }
    var text = String(edgeNumbers.randomElement(using: &generator)!)
    if Int.random(in: 0..<6, using: &generator) == 0 { text = "-" + text }
    bytes.replaceSubrange(lower..<upper, with: Array(text.utf8))
  }
}
