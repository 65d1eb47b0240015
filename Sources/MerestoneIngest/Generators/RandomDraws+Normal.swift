import Glibc
import MerestoneCore

extension RandomDraws {
  /// Four standard normal numbers (Box and Muller, "A Note on the Generation of Random Normal
  /// Deviates", Annals of Mathematical Statistics 1958).
  func normals(entity: UInt64, number: UInt32) -> SIMD4<Float> {
    let words = words(entity: entity, number: number)
    let first = Self.normalPair(words.x, words.y)
    let second = Self.normalPair(words.z, words.w)
    return SIMD4(first.0, first.1, second.0, second.1)
  }

  @inline(__always) private static func normalPair(_ a: UInt32, _ b: UInt32) -> (Float, Float) {
    let radius = (-2 * log((Double(a) + 0.5) * 0x1p-32)).squareRoot()
    let angle = 2 * Double.pi * 0x1p-32 * Double(b)
    return (Float(radius * cos(angle)), Float(radius * sin(angle)))
  }
}
