/// A field read as a canonical non-negative integer.
enum IntegerText: Equatable {
  case value(UInt64)
  /// Digits only, but beyond 2^64 - 1.
  case tooLarge
  /// Anything else: words, signs, leading zeros, nothing.
  case other
}

extension TextView {
  /// Up to eight decimal digits from `offset` on: their value and how many there are.
  ///
  /// A digit is a byte that is below 10 after `^ 0x30`; adding 0x76 to its low seven bits then
  /// leaves the top bit clear. The value is put together by three multiplications: pairs, fours,
  /// eight.
  @inline(__always) func digitRun(at offset: Int) -> (value: UInt64, count: Int) {
    let digits = word(at: offset) ^ 0x3030_3030_3030_3030
    let stops =
      (((digits & 0x7f7f_7f7f_7f7f_7f7f) &+ 0x7676_7676_7676_7676) | digits)
      & 0x8080_8080_8080_8080
    // 64 >> 3 = 8 where no byte stops.
    let count = stops.trailingZeroBitCount &>> 3
    if count == 0 { return (0, 0) }
    var value = digits &<< UInt64(truncatingIfNeeded: 64 &- 8 &* count)
    value = ((value &* 10) &+ (value &>> 8)) & 0x00ff_00ff_00ff_00ff
    value = ((value &* (1 + 100 << 16)) &>> 16) & 0x0000_ffff_0000_ffff
    value = (value &* (1 + 10_000 << 32)) &>> 32
    return (value, count)
  }

  /// The field of `range` as an id.
  func integerID(_ range: Range<Int>) -> IntegerText {
    guard !range.isEmpty else { return .other }
    if range.count > 1, self[range.lowerBound] == UInt8(ascii: "0") { return .other }
    if range.count <= 8 {
      // A digit behind the field, if it could be one, would be counted too.
      let (value, count) = digitRun(at: range.lowerBound)
      if count == range.count { return .value(value) }
      if count < range.count { return .other }
    }
    var value: UInt64 = 0
    var overflow = false
    for offset in range {
      let digit = self[offset] &- UInt8(ascii: "0")
      if digit > 9 { return .other }
      let (scaled, lost) = value.multipliedReportingOverflow(by: 10)
      let (sum, carried) = scaled.addingReportingOverflow(UInt64(digit))
      overflow = overflow || lost || carried
      value = sum
    }
    return overflow ? .tooLarge : .value(value)
  }

  /// The field of `range` as a 64-bit integer: an optional minus and digits, without leading
  /// zeros (those would be lost).
  func integer(_ range: Range<Int>) -> Int64? {
    guard let first = range.first else { return nil }
    if self[first] == UInt8(ascii: "-") {
      guard case .value(let magnitude) = integerID(first + 1..<range.upperBound) else { return nil }
      return magnitude == 1 << 63 ? .min : Int64(exactly: magnitude).map { -$0 }
    }
    guard case .value(let magnitude) = integerID(range) else { return nil }
    return Int64(exactly: magnitude)
  }

  /// The field of `range` as a decimal number: sign, digits, fraction, exponent.
  ///
  /// Numbers of up to 2^53 with a power of ten up to 22 are exact in one operation (Clinger, "How
  /// to Read Floating Point Numbers Accurately", PLDI 1990); the rest goes through the library.
  func number(_ range: Range<Int>) -> Double? {
    var offset = range.lowerBound
    let end = range.upperBound
    var negative = false
    if offset < end, self[offset] == UInt8(ascii: "-") || self[offset] == UInt8(ascii: "+") {
      negative = self[offset] == UInt8(ascii: "-")
      offset += 1
    }
    var mantissa: UInt64 = 0
    var digitCount = 0
    var fractionDigits = 0
    var exact = true
    var sawPoint = false
    while offset < end {
      let byte = self[offset]
      if byte == UInt8(ascii: "."), !sawPoint {
        sawPoint = true
      } else {
        let digit = byte &- UInt8(ascii: "0")
        if digit > 9 { break }
        digitCount += 1
        if mantissa < 100_000_000_000_000_000 {
          mantissa = mantissa &* 10 &+ UInt64(digit)
          if sawPoint { fractionDigits += 1 }
        } else {
          exact = false
        }
      }
      offset += 1
    }
    guard digitCount > 0 else { return nil }
    var exponent = 0
    if offset < end {
      guard self[offset] | 0x20 == UInt8(ascii: "e") else { return nil }
      offset += 1
      var minus = false
      if offset < end, self[offset] == UInt8(ascii: "-") || self[offset] == UInt8(ascii: "+") {
        minus = self[offset] == UInt8(ascii: "-")
        offset += 1
      }
      guard offset < end else { return nil }
      while offset < end {
        let digit = self[offset] &- UInt8(ascii: "0")
        guard digit <= 9 else { return nil }
        exponent = min(exponent * 10 + Int(digit), 100_000)
        offset += 1
      }
      if minus { exponent = -exponent }
    }
    exponent -= fractionDigits
    if exact, mantissa <= 1 << 53, exponent.magnitude <= 22 {
      let scaled =
        exponent < 0
        ? Double(mantissa) / Self.powersOfTen[-exponent]
        : Double(mantissa) * Self.powersOfTen[exponent]
      return negative ? -scaled : scaled
    }
    guard let value = Double(string(range)), value.isFinite else { return nil }
    return value
  }

  private static let powersOfTen: [Double] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
  ]

  /// Whether the field has no value: empty, or `-`.
  @inline(__always) func isMissing(_ range: Range<Int>) -> Bool {
    range.isEmpty || (range.count == 1 && self[range.lowerBound] == UInt8(ascii: "-"))
  }
}
