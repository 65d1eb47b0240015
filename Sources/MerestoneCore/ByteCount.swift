/// A number of bytes as people write it: `512MiB`, `4GiB`, `1.5 GB`, `1000`.
@frozen public struct ByteCount: Hashable, Comparable, Sendable {
  public var bytes: Int

  public init(_ bytes: Int) { self.bytes = bytes }

  /// Reads a number with an optional unit: B, KB, MB, GB, TB (powers of 1000) or K, M, G, T, KiB,
  /// MiB, GiB, TiB (powers of 1024), in any case.
  public init?(_ text: String) {
    let digits = text.prefix { $0.isNumber || $0 == "." }
    let unit = text.dropFirst(digits.count).drop { $0 == " " }.lowercased()
    guard let number = Double(digits), number >= 0 else { return nil }
    let scales: [String: Double] = [
      "": 1, "b": 1, "k": 0x1p10, "kib": 0x1p10, "kb": 1e3, "m": 0x1p20, "mib": 0x1p20, "mb": 1e6,
      "g": 0x1p30, "gib": 0x1p30, "gb": 1e9, "t": 0x1p40, "tib": 0x1p40, "tb": 1e12,
    ]
    guard let scale = scales[unit], number * scale < 0x1p62 else { return nil }
    self.bytes = Int(number * scale)
  }

  public static func < (lhs: Self, rhs: Self) -> Bool { lhs.bytes < rhs.bytes }
}

extension ByteCount: CustomStringConvertible {
  /// Three significant digits in binary units: `1.50 GiB`.
  public var description: String {
    var value = Double(bytes)
    var unit = 0
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    while value >= 1000, unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    if unit == 0 { return "\(bytes) B" }
    let decimals = value < 10 ? 2 : value < 100 ? 1 : 0
    return "\(value.formatted(decimals: decimals)) \(units[unit])"
  }
}

extension Double {
  /// The number with a fixed count of decimals, rounded half away from zero, in any locale.
  public func formatted(decimals: Int) -> String {
    guard isFinite, magnitude < 1e15 else { return "\(self)" }
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = (magnitude * scale).rounded()
    let whole = Int(scaled / scale)
    let fraction = Int(scaled - Double(whole) * scale)
    let sign = self < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return "\(sign)\(whole)" }
    let digits = String(fraction)
    return "\(sign)\(whole)." + String(repeating: "0", count: decimals - digits.count) + digits
  }
}

extension BinaryInteger {
  /// The number with commas between groups of three digits: `1,234,567`.
  public var grouped: String {
    let digits = String(self)
    var result = ""
    for (offset, digit) in digits.enumerated() {
      if offset > 0, (digits.count - offset) % 3 == 0, result.last != "-" { result.append(",") }
      result.append(digit)
    }
    return result
  }
}
