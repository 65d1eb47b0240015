import CMerestoneKernels
import MerestoneStorage
import MerestoneTestSupport
import Testing

@Suite("The byte shuffle")
struct ByteShuffleTests {
  @Test("puts byte k of every id into plane k")
  func drawn() {
    let ids: [UInt64] = [0x010203, 0x0A0B0C]
    var planes = [UInt8](repeating: 0, count: 6)
    var span = planes.mutableSpan
    ByteShuffle.shuffle(ids.span, width: 3, into: &span)
    #expect(planes == [0x03, 0x0C, 0x02, 0x0B, 0x01, 0x0A])
  }

  @Test("kernels agree with plain Swift", arguments: 1...8, [0, 1, 15, 16, 17, 100, 4096])
  func kernels(width: Int, count: Int) {
    var generator = SplitMix64(seed: UInt64(width * 10_000 + count))
    let mask: UInt64 = width == 8 ? .max : (1 << UInt64(8 * width)) - 1
    let ids = (0..<count).map { _ in generator.next() & mask }
    var expected = [UInt8](repeating: 0, count: count * width)
    var span = expected.mutableSpan
    ByteShuffle.shuffle(ids.span, width: width, into: &span)
    var planes = [UInt8](repeating: 0, count: count * width)
    mrs_shuffle_u64(ids, count, UInt32(width), &planes)
    #expect(planes == expected)

    var back = [UInt64](repeating: 0, count: count)
    var backSpan = back.mutableSpan
    ByteShuffle.unshuffle(planes.span, width: width, into: &backSpan)
    #expect(back == ids)
    var wide = [UInt64](repeating: 0, count: count)
    mrs_unshuffle_u64(planes, count, UInt32(width), &wide)
    #expect(wide == ids)
    #expect(mrs_maximum_u64(ids, count) == ids.max() ?? 0)
    if width <= 4 {
      var narrow = [UInt32](repeating: 0, count: count)
      mrs_unshuffle_u32(planes, count, UInt32(width), &narrow)
      #expect(narrow.map { UInt64($0) } == ids)
      #expect(UInt64(mrs_maximum_u32(narrow, count)) == ids.max() ?? 0)
    }
  }
}
