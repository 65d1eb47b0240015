/// The keys of raw ids in a sorted dictionary. Part of the format: other functions, another version.
package enum RawIDHash {
  /// Mixes 64 bits: a bijection, so that integer ids never collide.
  ///
  /// The finaliser of SplitMix64 after its increment (Steele, Lea and Flood, "Fast Splittable
  /// Pseudorandom Number Generators", OOPSLA 2014).
  @inlinable @inline(__always)
  package static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z &>> 31)
  }

  /// Hashes a string's UTF-8 bytes.
  ///
  /// The state starts as the byte count times an odd constant. Each group of eight bytes, read
  /// little-endian, is exclusive-ored into the state, which is then multiplied by a second odd
  /// constant and exclusive-ored with its own upper half; so is a last group of one to seven bytes,
  /// filled up with zeros. ``mix(_:)`` ends it. Strings of one group never collide with others of
  /// their length. It does not defend against ids that were chosen to collide: those are found
  /// slowly, never wrongly.
  package static func hash(_ utf8: RawSpan) -> UInt64 {
    let count = utf8.byteCount
    var state = UInt64(count) &* 0x9FB2_1C65_1E98_DF25
    var position = 0
    while position &+ 8 <= count {
      state = step(state, utf8.littleEndian(at: position, as: UInt64.self))
      position &+= 8
    }
    if position < count {
      var group: UInt64 = 0
      for offset in 0..<count &- position {
        let byte = UInt64(utf8.littleEndian(at: position &+ offset, as: UInt8.self))
        group |= byte &<< UInt64(8 &* offset)
      }
      state = step(state, group)
    }
    return mix(state)
  }

  @inline(__always)
  private static func step(_ state: UInt64, _ group: UInt64) -> UInt64 {
    let product = (state ^ group) &* 0xD6E8_FEB8_6659_FD93
    return product ^ (product &>> 32)
  }
}
