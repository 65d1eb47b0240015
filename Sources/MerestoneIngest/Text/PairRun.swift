/// How far the reading of a chunk of integer pairs has come.
struct PairRun {
  var offset: Int
  let end: Int
  /// Lines without a row.
  var skipped = 0
  private var usesKernel: Bool
  // Kernel calls in a row that read next to nothing: such text (carriage returns at line ends, say)
  // is left to plain Swift.
  private var shortRuns = 0

  private static let patience = 16

  init(offset: Int, end: Int, usesKernel: Bool) {
    self.offset = offset
    self.end = end
    self.usesKernel = usesKernel
  }

  /// Reads pairs up to the end or the first line that is no plain pair: two runs of digits, one
  /// separator between them, an optional carriage return.
  mutating func readFast(
    _ view: TextView, _ separators: (UInt8, UInt8), _ sources: inout OutputSpan<UInt64>,
    _ destinations: inout OutputSpan<UInt64>
  ) {
    while offset < end {
      if usesKernel {
        let before = sources.count
        offset = view.pairs(offset..<end, separators, &sources, &destinations)
        if offset == end { return }
        shortRuns = sources.count < before &+ 4 ? shortRuns &+ 1 : 0
        if shortRuns == Self.patience { usesKernel = false }
      }
      guard readOne(view, separators, &sources, &destinations) else { return }
    }
  }

  /// Reads the line at ``offset``; false where that is not a plain pair.
  @inline(__always) private mutating func readOne(
    _ view: TextView, _ separators: (UInt8, UInt8), _ sources: inout OutputSpan<UInt64>,
    _ destinations: inout OutputSpan<UInt64>
  ) -> Bool {
    let (source, sourceEnd) = view.canonicalDigits(at: offset)
    let separator = view[sourceEnd]
    guard sourceEnd > offset, separator == separators.0 || separator == separators.1 else {
      return false
    }
    let start = sourceEnd &+ 1
    let (destination, destinationEnd) = view.canonicalDigits(at: start)
    guard destinationEnd > start else { return false }
    var next = destinationEnd
    if view[next] == UInt8(ascii: "\r") { next &+= 1 }
    guard view[next] == TextView.newline else { return false }
    sources.append(source)
    destinations.append(destination)
    offset = next &+ 1
    return true
  }
}

extension TextView {
  /// The integer at `offset` and where it ends; an end of `offset` says that there is none of at
  /// most 15 digits without a leading zero.
  @inline(__always) fileprivate func canonicalDigits(at offset: Int) -> (UInt64, Int) {
    let (head, count) = digitRun(at: offset)
    if count < 8 {
      if count > 1, self[offset] == UInt8(ascii: "0") { return (0, offset) }
      return (head, offset &+ count)
    }
    if self[offset] == UInt8(ascii: "0") { return (0, offset) }
    let (tail, more) = digitRun(at: offset &+ 8)
    if more == 8 { return (0, offset) }
    return (head &* Self.scale(more) &+ tail, offset &+ 8 &+ more)
  }

  /// 10 to the power of `count`, for counts below 8.
  @inline(__always) private static func scale(_ count: Int) -> UInt64 {
    let small: UInt64 = count & 1 != 0 ? 10 : 1
    let middle: UInt64 = count & 2 != 0 ? 100 : 1
    let large: UInt64 = count & 4 != 0 ? 10_000 : 1
    return small &* middle &* large
  }
}
