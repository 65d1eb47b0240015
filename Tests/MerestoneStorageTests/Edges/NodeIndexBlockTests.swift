import MerestoneTestSupport
import Testing

@testable import MerestoneStorage

@Suite("The node index of 512 destinations")
struct NodeIndexBlockTests {
  static func payload(_ degrees: [UInt64]) -> [UInt8] {
    var bytes: [UInt8] = []
    NodeIndexBlock.encode(degrees.span, into: &bytes)
    return bytes
  }

  static func decoded(_ payload: [UInt8], count: Int) -> [UInt64]? {
    var ends = [UInt64](repeating: 0, count: max(count, 1))
    var span = ends.mutableSpan
    guard NodeIndexBlock.decode(count: count, payload: payload.span.bytes, into: &span) != nil
    else { return nil }
    return Array(ends[..<count])
  }

  @Test("of four lists of 2, 0, 3 and 1 edges is written as drawn")
  func drawn() {
    // u = 6, n = 4, l = floor(log2(1)) = 0; ends 2, 2, 5, 6; bits 2+0, 2+1, 5+2, 6+3 of the high
    // part, which has 4 + 6 = 10 bits.
    let expected: [UInt8] = [6, 0, 0, 0, 0, 0, 0, 0, 0b1000_1100, 0b10, 0, 0, 0, 0, 0, 0]
    #expect(Self.payload([2, 0, 3, 1]) == expected)
  }

  @Test("gives back every list, alone and in order", arguments: 0..<40 as Range<UInt64>)
  func roundTrip(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let count = seed < 4 ? [1, 2, 511, 512][Int(seed)] : Int.random(in: 1...512, using: &generator)
    let bits = UInt64.random(in: 0...24, using: &generator)
    let degrees = (0..<count).map { _ in
      Bool.random(using: &generator) ? 0 : UInt64.random(in: 0...(1 << bits), using: &generator)
    }
    check(degrees)
  }

  @Test(
    "holds lists past 2^32 edges and sums close to 2^63",
    arguments: [
      [0, 1 << 40, 0, 1], [1 << 62, 0, 1, (1 << 62) - 2], [0, 0, 0], [1], [0],
      [UInt64](repeating: 1 << 33, count: 512),
    ] as [[UInt64]])
  func large(degrees: [UInt64]) { check(degrees) }

  func check(_ degrees: [UInt64]) {
    var ends: [UInt64] = []
    for degree in degrees { ends.append((ends.last ?? 0) + degree) }
    let payload = Self.payload(degrees)
    #expect(
      payload.count == NodeIndexBlock.byteCount(nodes: degrees.count, edges: ends.last ?? 0))
    #expect(Self.decoded(payload, count: degrees.count) == ends)
    var reference = [UInt64](repeating: 0, count: degrees.count)
    do {
      var span = reference.mutableSpan
      let shape = NodeIndexBlock.Shape(payload.span.bytes, count: degrees.count)
      let found = shape?.decodeReference(payload.span.bytes, count: degrees.count, into: &span)
      #expect(found == degrees.count)
    }
    #expect(reference == ends)
    for node in degrees.indices {
      let range = NodeIndexBlock.range(
        of: node, count: degrees.count, payload: payload.span.bytes)
      #expect(range?.lower == (node == 0 ? 0 : ends[node - 1]))
      #expect(range?.upper == ends[node])
    }
  }

  @Test("costs about 2 + log2(mean in-degree) bits a destination")
  func size() {
    let bytes = Self.payload([UInt64](repeating: 16, count: 512)).count
    #expect(bytes * 8 <= 512 * 7 + 64)
  }

  @Test(
    "of any bytes whatever is refused or read, never trapped on",
    arguments: 0..<300 as Range<UInt64>)
  func anyBytes(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let count = Int.random(in: 1...512, using: &generator)
    let degrees = (0..<count).map { _ in UInt64.random(in: 0...40, using: &generator) }
    var payload = Self.payload(degrees)
    for _ in 0..<Int.random(in: 1...20, using: &generator) {
      payload[Int.random(in: 0..<payload.count, using: &generator)] = .random(
        in: 0...255, using: &generator)
    }
    if seed % 3 == 0 { payload.removeLast(Int.random(in: 1..<payload.count, using: &generator)) }
    _ = Self.decoded(payload, count: count)
    for node in 0..<count {
      _ = NodeIndexBlock.range(of: node, count: count, payload: payload.span.bytes)
    }
  }
}
