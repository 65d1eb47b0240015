/// Little-endian fields of the dictionary's temporary records, at any alignment.
///
/// Every load checks its bounds. The records were written by this run and their checksums compared,
/// so that a field outside of its block is a broken promise of our own code.
extension RawSpan {
  @inline(__always) func word32(at byteOffset: Int) -> UInt32 {
    // SAFETY: the load checks its bounds, and every bit pattern is an integer.
    UInt32(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: byteOffset, as: UInt32.self))
  }

  @inline(__always) func word64(at byteOffset: Int) -> UInt64 {
    // SAFETY: the load checks its bounds, and every bit pattern is an integer.
    UInt64(littleEndian: unsafe unsafeLoadUnaligned(fromByteOffset: byteOffset, as: UInt64.self))
  }

  @inline(__always) func byte(at byteOffset: Int) -> UInt8 {
    // SAFETY: the load checks its bounds, and every bit pattern is an integer.
    unsafe unsafeLoadUnaligned(fromByteOffset: byteOffset, as: UInt8.self)
  }

  /// Five bytes: the number of an entry.
  @inline(__always) func entry(at byteOffset: Int) -> Int {
    Int(word32(at: byteOffset)) | Int(byte(at: byteOffset &+ 4)) << 32
  }

  /// Groups of seven bits, the lowest first; moves `position` behind them.
  @inline(__always) func length(at position: inout Int) -> Int {
    var value = 0
    var shift = 0
    while true {
      let byte = byte(at: position)
      position &+= 1
      value |= Int(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift &+= 7
    }
  }
}
