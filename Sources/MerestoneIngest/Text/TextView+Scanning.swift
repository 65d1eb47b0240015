/// Something in a range of bytes that text may not hold.
enum TextFault: Equatable {
  case nul(Int)
  case invalidUTF8(Int)
}

extension TextView {
  static let newline = UInt8(ascii: "\n")

  /// The top bit of the lowest zero byte of `word` is the lowest set bit of the result.
  @inline(__always) static func zeroBytes(_ word: UInt64) -> UInt64 {
    (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
  }

  @inline(__always) static func spread(_ byte: UInt8) -> UInt64 {
    UInt64(byte) &* 0x0101_0101_0101_0101
  }

  /// The first place from `offset` on that holds either byte.
  /// - Precondition: there is one before the end of the view.
  @inline(__always) func firstIndex(of first: UInt64, or second: UInt64, from offset: Int) -> Int {
    var offset = offset
    while true {
      let word = word(at: offset)
      let hits = Self.zeroBytes(word ^ first) | Self.zeroBytes(word ^ second)
      if hits != 0 { return offset &+ hits.trailingZeroBitCount &>> 3 }
      offset &+= 8
    }
  }

  /// The place of the next newline.
  /// - Precondition: there is one before the end of the view.
  @inline(__always) func lineEnd(from offset: Int) -> Int {
    let newlines = Self.spread(Self.newline)
    return firstIndex(of: newlines, or: newlines, from: offset)
  }

  /// The place of the last newline in `range`.
  func lastNewline(in range: Range<Int>) -> Int? {
    var offset = range.upperBound - 1
    while offset >= range.lowerBound {
      if self[offset] == Self.newline { return offset }
      offset -= 1
    }
    return nil
  }

  /// The first NUL byte or broken UTF-8 sequence of `range`; eight bytes at a time while the text
  /// is ASCII.
  func firstFault(in range: Range<Int>) -> TextFault? {
    var offset = range.lowerBound
    var seen: UInt64 = 0
    while offset + 8 <= range.upperBound {
      let word = word(at: offset)
      seen |= (word & 0x8080_8080_8080_8080) | Self.zeroBytes(word)
      offset &+= 8
    }
    while offset < range.upperBound {
      if self[offset] == 0 || self[offset] >= 0x80 { seen = 1 }
      offset += 1
    }
    if seen == 0 { return nil }
    let nul = range.first { self[$0] == 0 }
    let broken = withSpan(range) { span -> Int? in
      do throws(UTF8.ValidationError) {
        _ = try UTF8Span(validating: span)
        return nil
      } catch {
        return range.lowerBound + error.byteOffsets.lowerBound
      }
    }
    switch (nul, broken) {
    case (let nul?, let broken?): return nul < broken ? .nul(nul) : .invalidUTF8(broken)
    case (let nul?, nil): return .nul(nul)
    case (nil, let broken?): return .invalidUTF8(broken)
    case (nil, nil): return nil
    }
  }
}
