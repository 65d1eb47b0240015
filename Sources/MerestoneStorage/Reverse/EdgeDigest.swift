/// A number that two collections of edges share if they hold the same edges, each as often, in any
/// order; others share it once in 2^64.
struct EdgeDigest: Sendable, Equatable {
  private(set) var sum: UInt64 = 0
  private(set) var count = 0

  mutating func add(source: UInt64, destination: UInt64, edge: UInt64) {
    var word = Self.mix(edge &+ 0x9E37_79B9_7F4A_7C15)
    word = Self.mix(word ^ source)
    word = Self.mix(word ^ destination)
    sum &+= word
    count &+= 1
  }

  static func += (digest: inout EdgeDigest, other: EdgeDigest) {
    digest.sum &+= other.sum
    digest.count += other.count
  }

  /// A bijection of words in which every bit of the input moves every bit of the output.
  private static func mix(_ value: UInt64) -> UInt64 {
    var word = value
    word = (word ^ word &>> 30) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ word &>> 27) &* 0x94D0_49BB_1331_11EB
    return word ^ word &>> 31
  }
}
