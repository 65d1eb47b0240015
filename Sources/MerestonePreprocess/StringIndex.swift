import MerestoneIngest

/// Distinct strings, numbered in the order of their first appearance.
///
/// An open-addressing table of 8 bytes per slot (32 bits of hash, the number plus 1), at most half
/// full, beside the strings themselves.
struct StringIndex: Sendable {
  /// The UTF-8 bytes of all strings, one after the other.
  private(set) var bytes: [UInt8] = []
  /// Where each string starts in ``bytes``, and the end. Shape `[count + 1]`.
  private(set) var offsets: [Int] = [0]
  private var slots = [UInt64](repeating: 0, count: 1 << 10)

  var count: Int { offsets.count - 1 }

  /// Where string `index` lies in ``bytes``.
  func range(_ index: Int) -> Range<Int> { offsets[index]..<offsets[index + 1] }

  func text(_ index: Int) -> String {
    String(decoding: bytes[range(index)], as: UTF8.self)
  }

  /// The number of one of `strings`, a new one if the string is new.
  mutating func intern(_ strings: ByteStrings, at index: Int) -> UInt32 {
    intern(strings.bytes, strings.range(index))
  }

  /// The number of one of `strings`; nil for one that is new.
  func find(_ strings: ByteStrings, at index: Int) -> UInt32? {
    let range = strings.range(index)
    let hash = Self.hash(strings.bytes, range)
    let entry = slots[slot(of: hash, strings.bytes, range)]
    return entry == 0 ? nil : UInt32(truncatingIfNeeded: entry) &- 1
  }

  private mutating func intern(_ source: [UInt8], _ range: Range<Int>) -> UInt32 {
    let hash = Self.hash(source, range)
    let place = slot(of: hash, source, range)
    if slots[place] != 0 { return UInt32(truncatingIfNeeded: slots[place]) &- 1 }
    let number = UInt32(count)
    bytes.append(contentsOf: source[range])
    offsets.append(bytes.count)
    slots[place] = UInt64(hash) << 32 | UInt64(number + 1)
    if count * 2 > slots.count { grow() }
    return number
  }

  /// The slot that holds the string, or the empty one where it belongs.
  private func slot(of hash: UInt32, _ source: [UInt8], _ range: Range<Int>) -> Int {
    let mask = slots.count - 1
    var place = Int(hash) & mask
    while slots[place] != 0 {
      if UInt32(truncatingIfNeeded: slots[place] >> 32) == hash {
        let known = self.range(Int(UInt32(truncatingIfNeeded: slots[place])) - 1)
        if known.count == range.count, bytes[known].elementsEqual(source[range]) { return place }
      }
      place = (place &+ 1) & mask
    }
    return place
  }

  private mutating func grow() {
    let mask = slots.count * 2 - 1
    var larger = [UInt64](repeating: 0, count: mask + 1)
    for entry in slots where entry != 0 {
      var place = Int(entry >> 32) & mask
      while larger[place] != 0 { place = (place &+ 1) & mask }
      larger[place] = entry
    }
    slots = larger
  }

  /// FNV-1a (Fowler, Noll and Vo, 1991), folded to 32 bits.
  private static func hash(_ source: [UInt8], _ range: Range<Int>) -> UInt32 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for index in range { hash = (hash ^ UInt64(source[index])) &* 0x0000_0100_0000_01b3 }
    return UInt32(truncatingIfNeeded: hash ^ hash >> 32)
  }
}
