extension OutputSpan<UInt8> {
  /// Appends the decimal digits of `value`: at most 20 bytes.
  @inline(__always) mutating func appendDecimal(_ value: UInt64) {
    if value < 100_000_000 {
      appendShort(value)
    } else {
      appendLong(value)
    }
  }

  /// Appends ASCII text.
  mutating func append(text: [UInt8]) {
    for byte in text { append(byte) }
  }

  private mutating func appendLong(_ value: UInt64) {
    let (high, low) = value.quotientAndRemainder(dividingBy: 100_000_000)
    appendDecimal(high)
    appendBytes(Self.digits(low) | 0x3030_3030_3030_3030, count: 8)
  }

  @inline(__always) private mutating func appendShort(_ value: UInt64) {
    let digits = Self.digits(value)
    // Leading zeros are the lowest bytes; a zero keeps its last one.
    let zeros = min(7, digits.trailingZeroBitCount &>> 3)
    appendBytes(
      (digits | 0x3030_3030_3030_3030) &>> UInt64(truncatingIfNeeded: 8 &* zeros),
      count: 8 &- zeros)
  }

  @inline(__always) private mutating func appendBytes(_ bytes: UInt64, count: Int) {
    var bytes = bytes
    for _ in 0..<count {
      append(UInt8(truncatingIfNeeded: bytes))
      bytes &>>= 8
    }
  }

  /// Eight digits of a number below 10^8, one per byte, the first in the lowest byte: split into
  /// fours, twos and ones, each step for all lanes of the word at once. The multipliers are the
  /// reciprocals of 100 and 10 that are exact for lanes of that size.
  @inline(__always) private static func digits(_ value: UInt64) -> UInt64 {
    let (high, low) = value.quotientAndRemainder(dividingBy: 10_000)
    let fours = high | low &<< 32
    let hundreds = ((fours &* 10_486) &>> 20) & 0x0000_007f_0000_007f
    let twos = hundreds | (fours &- 100 &* hundreds) &<< 16
    let tens = ((twos &* 103) &>> 10) & 0x000f_000f_000f_000f
    return tens | (twos &- 10 &* tens) &<< 8
  }
}
