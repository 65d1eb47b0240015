import MerestoneStorage

/// The layout of a temporary file of neighbourhoods, little-endian:
///
/// | offset | size | meaning |
/// |---|---|---|
/// | 0 | | blocks, one after the other: `u32` list lengths, then `u32` neighbours |
/// | d | 24 b | directory, one entry per block: `u64` nodes, `u64` entries, `u32` CRC-32C of the block, `u32` zero |
/// | size - 40 | 8 | `MRSNBRS1` |
/// | | 8 | number of nodes |
/// | | 8 | number of entries |
/// | | 8 | number of blocks `b` |
/// | | 4 | CRC-32C of the directory |
/// | | 4 | CRC-32C of the 36 bytes before |
enum NeighborFileFormat {
  static let magic: UInt64 = 0x3153_5242_4E53_524D
  static let directoryEntryBytes = 24
  static let trailerBytes = 40

  static func append(_ value: UInt64, to bytes: inout [UInt8]) {
    for shift in 0..<8 as Range<UInt64> {
      bytes.append(UInt8(truncatingIfNeeded: value >> (8 * shift)))
    }
  }

  static func append(_ value: UInt32, to bytes: inout [UInt8]) {
    for shift in 0..<4 as Range<UInt32> {
      bytes.append(UInt8(truncatingIfNeeded: value >> (8 * shift)))
    }
  }

  static func word(_ bytes: [UInt8], at offset: Int) -> UInt64 {
    (0..<8).reduce(0) { $0 | UInt64(bytes[offset + $1]) << (8 * UInt64($1)) }
  }

  static func half(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
  }

  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    // SAFETY: bytes have no padding.
    unsafe Checksum.of(bytes.span.bytes)
  }
}
