import CMerestoneKernels
import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneIngest

@Suite("The kernel for lines of two integers")
struct ParseKernelTests {
  private static let pieces = [
    "\t", "\n", "\t", "\n", ",", " ", "0", "7", "12", "123456", "12345678", "123456789",
    "9999999999999999", "12345678901234567", "18446744073709551615", "18446744073709551616",
    "99999999999999999999", "123456789012345678901", "\r\n", "x", "-", "#", "\0", "\u{e4}", "/",
    ":",
  ]

  private func parse(
    _ bytes: [UInt8], delimiter: Delimiter, usesKernel: Bool
  ) -> (columns: [ColumnValues], lines: Int, problem: Int?) {
    let buffer = ByteBuffer(capacity: bytes.count)
    buffer.store(bytes[...], at: 0)
    let field = { TextField(column: $0, name: "c\($0)", type: .integerID) }
    let chunk = TextChunk(
      buffer: buffer, cut: TextCutter.Cut(count: bytes.count, endOffset: 0, fileBytes: 0),
      layout: TextLayout(
        path: "", delimiter: delimiter, columnCount: 2, fields: [field(0), field(1)]))
    chunk.parsePairs(usesKernel: usesKernel)
    return (chunk.columns, chunk.lineCount, chunk.problem?.offset)
  }

  @Test(
    "reads what plain Swift reads, and stops at the same fault", arguments: 0..<60 as Range<UInt64>)
  func sameAsSwift(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    for delimiter in [Delimiter.tab, .comma, .blanks] {
      for _ in 0..<40 {
        var text = ""
        // Mostly good lines, so that faults come late.
        for _ in 0..<Int.random(in: 0...40, using: &generator) {
          let separator = ["\t", ",", " "][delimiter == .tab ? 0 : delimiter == .comma ? 1 : 2]
          let shift = UInt64.random(in: 0...63, using: &generator)
          text += "\(UInt64.random(in: 0 ... .max, using: &generator) >> shift)\(separator)"
          text += "\(UInt64.random(in: 0 ... .max, using: &generator) >> shift)\n"
          if Int.random(in: 0..<12, using: &generator) == 0 {
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
              text += Self.pieces.randomElement(using: &generator)!
            }
          }
        }
        let bytes = Array((text + "\n").utf8)
        let fast = parse(bytes, delimiter: delimiter, usesKernel: true)
        let plain = parse(bytes, delimiter: delimiter, usesKernel: false)
        #expect(fast.columns == plain.columns, "\(text)")
        #expect(fast.lines == plain.lines && fast.problem == plain.problem, "\(text)")
      }
    }
  }

  @Test("reads every length of both numbers, at every place")
  func lengths() {
    var text = ""
    var expected: [UInt64] = []
    var power: UInt64 = 1
    var values: [UInt64] = [0, 9, .max]
    for _ in 0..<19 {
      values += [power, power &* 10 &- 1]
      power = power &* 10
    }
    for first in values {
      for second in values {
        text += "\(first)\t\(second)\n"
        expected.append(first)
      }
    }
    let all = parse(Array(text.utf8), delimiter: .tab, usesKernel: true)
    #expect(all.columns.first == .ids(expected) && all.problem == nil)
  }

  @Test("writes no more rows than there is room for")
  func capacity() {
    let buffer = ByteBuffer(capacity: 20)
    buffer.store(Array("1\t2\n3\t4\n5\t6\n".utf8)[...], at: 0)
    var sources: [UInt64] = [7]
    var destinations: [UInt64] = []
    var next = 0
    sources.append(addingCapacity: 2) { source in
      destinations.append(addingCapacity: 4) { destination in
        next = buffer.view(count: 12).pairs(0..<12, (9, 9), &source, &destination)
      }
    }
    // The processor may lack the kernel.
    #expect(next == 0 || (next == 8 && sources == [7, 1, 3] && destinations == [2, 4]))
  }

  @Test("counts bytes as a plain loop does", arguments: 0..<10 as Range<UInt64>)
  func counting(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let count = Int.random(in: 0...40_000, using: &generator)
    let bytes = (0..<count).map { _ in UInt8.random(in: 8...11, using: &generator) }
    #expect(mrs_count_byte(bytes, count, 10) == bytes.count { $0 == 10 })
    let same = [UInt8](repeating: 10, count: count)
    #expect(mrs_count_byte(same, count, 10) == count)
  }
}
