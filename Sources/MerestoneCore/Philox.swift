/// The counter-based random function Philox4x32-10: 128 bits of counter and 64 bits of key to 128
/// random bits, without state.
///
/// Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
@frozen public enum Philox {
  /// - Complexity: ten rounds, about 20 multiplications; no memory.
  @inlinable @inline(__always)
  public static func words(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var (c0, c1, c2, c3) = (counter.x, counter.y, counter.z, counter.w)
    var (k0, k1) = (key.x, key.y)
    for _ in 0..<10 {
      let p0 = UInt64(c0) &* 0xD251_1F53
      let p1 = UInt64(c2) &* 0xCD9E_8D57
      let high0 = UInt32(truncatingIfNeeded: p0 &>> 32)
      let high1 = UInt32(truncatingIfNeeded: p1 &>> 32)
      (c0, c1, c2, c3) = (
        high1 ^ c1 ^ k0, UInt32(truncatingIfNeeded: p1),
        high0 ^ c3 ^ k1, UInt32(truncatingIfNeeded: p0)
      )
      k0 = k0 &+ 0x9E37_79B9
      k1 = k1 &+ 0xBB67_AE85
    }
    return SIMD4(c0, c1, c2, c3)
  }
}
