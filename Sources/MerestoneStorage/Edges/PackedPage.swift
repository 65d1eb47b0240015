internal import CMerestoneKernels

/// One page of source ids in as many bits each as their differences from the smallest need (frame of
/// reference: Goldstein, Ramakrishnan and Shaft, "Compressing Relations and Indexes", ICDE 1998).
///
/// | offset | size | meaning |
/// |---|---|---|
/// | 0 | 8 | smallest id, below 2^56; 0 where an id is not |
/// | 8 | 1 | bits of a value `b`: 0...57, or 64 |
/// | 9 | 7 | zeros |
/// | 16 | ceil(n b / 8) | values: id minus smallest id, value `i` at bit `i b`, little-endian |
/// | after | 8 | zeros, so that any value can be read as part of one 64-bit word |
package enum PackedPage {
  package static let prefixBytes = Int(MRS_PACKED_PREFIX)
  static let suffixBytes = Int(MRS_PACKED_SUFFIX)

  /// The bits that values need. Ids from 2^56 on are stored as they are, with a smallest id of 0.
  private static func bits(_ smallest: inout UInt64, _ largest: UInt64) -> Int {
    if largest >> 56 != 0 { smallest = 0 }
    let needed = 64 - (largest - smallest).leadingZeroBitCount
    return needed > 57 ? 64 : needed
  }

  /// The largest payload of a page of `count` ids.
  static func maximumBytes(count: Int) -> Int { byteCount(count: count, bits: 64) }

  static func byteCount(count: Int, bits: Int) -> Int {
    prefixBytes + (count * bits + 7) / 8 + suffixBytes
  }

  /// What stands before the values.
  package struct Prefix: Sendable, Equatable {
    package let smallest: UInt64
    package let bits: Int

    /// - Returns: `nil` where the payload is not a page of `count` ids.
    package init?(_ payload: RawSpan, count: Int) {
      guard payload.byteCount >= prefixBytes + suffixBytes else { return nil }
      smallest = payload.littleEndian(at: 0, as: UInt64.self)
      let word = payload.littleEndian(at: 8, as: UInt64.self)
      guard smallest >> 56 == 0, word <= 57 || word == 64 else { return nil }
      bits = Int(word)
      guard payload.byteCount == byteCount(count: count, bits: bits) else { return nil }
    }
  }

  /// Packs one page.
  ///
  /// - Parameters:
  ///   - ids: Shape `[n]`, at least one.
  ///   - payload: Receives the page; at least ``maximumBytes(count:)`` bytes.
  /// - Returns: The size.
  static func encode(_ ids: Span<UInt64>, payload: inout MutableSpan<UInt8>) -> Int {
    var smallest = ids[0]
    var largest = ids[0]
    for index in ids.indices {
      smallest = min(smallest, ids[index])
      largest = max(largest, ids[index])
    }
    let bits = Self.bits(&smallest, largest)
    let size = byteCount(count: ids.count, bits: bits)
    precondition(size <= payload.count, "a page of \(size) bytes in \(payload.count)")
    for index in 0..<size { payload[index] = 0 }
    for index in 0..<8 {
      payload[index] = UInt8(truncatingIfNeeded: smallest >> UInt64(8 * index))
    }
    payload[8] = UInt8(bits)
    unsafe ids.withUnsafeBufferPointer { ids in
      unsafe payload.withUnsafeMutableBufferPointer { payload in
        // SAFETY: the size was checked above and leaves 8 bytes behind the values.
        unsafe mrs_pack_u64(
          ids.baseAddress, ids.count, smallest, UInt32(bits), payload.baseAddress! + prefixBytes)
      }
    }
    return size
  }

  /// The bytes that ids take in packed pages, the directory left out: for predictions.
  package static func measure(_ ids: Span<UInt64>) -> Int {
    var total = 0
    var first = 0
    while first < ids.count {
      let count = min(PageCodec.edges, ids.count - first)
      var smallest = ids[first]
      var largest = ids[first]
      for index in first..<first + count {
        smallest = min(smallest, ids[index])
        largest = max(largest, ids[index])
      }
      total += byteCount(count: count, bits: bits(&smallest, largest))
      first += count
    }
    return total
  }

  /// Unpacks a page; `ids` has room for `count`.
  static func decode(
    _ payload: RawSpan, _ prefix: Prefix, count: Int, into ids: inout MutableSpan<UInt64>
  ) {
    precondition(count <= ids.count, "\(count) ids in \(ids.count)")
    unsafe payload.withUnsafeBytes { bytes in
      unsafe ids.withUnsafeMutableBufferPointer { ids in
        // SAFETY: `Prefix` checked the payload's size against count and bits.
        unsafe mrs_unpack_u64(
          bytes.baseAddress!.assumingMemoryBound(to: UInt8.self) + prefixBytes, count,
          prefix.smallest, UInt32(prefix.bits), ids.baseAddress)
      }
    }
  }

  static func decode(
    _ payload: RawSpan, _ prefix: Prefix, count: Int, into ids: inout MutableSpan<UInt32>
  ) {
    precondition(count <= ids.count, "\(count) ids in \(ids.count)")
    unsafe payload.withUnsafeBytes { bytes in
      unsafe ids.withUnsafeMutableBufferPointer { ids in
        // SAFETY: as above.
        unsafe mrs_unpack_u32(
          bytes.baseAddress!.assumingMemoryBound(to: UInt8.self) + prefixBytes, count,
          prefix.smallest, UInt32(prefix.bits), ids.baseAddress)
      }
    }
  }
}
