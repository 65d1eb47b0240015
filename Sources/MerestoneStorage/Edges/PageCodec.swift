internal import CLZ4
internal import CMerestoneKernels

/// One page of source ids: shuffled into byte planes, then compressed with LZ4.
///
/// The ids of `n` edges, `w` bytes each, become `w` planes of `n` bytes (`shuffle.c`), and
/// those `n * w` bytes one LZ4 block. Where that is not shorter, the planes are stored plain.
package enum PageCodec {
  /// Edges of a page; the last page of a file may have fewer.
  package static let edges = 4096

  /// The largest payload: a plain page of 8-byte ids.
  static let maximumBytes = edges * 8

  /// Compresses one page.
  ///
  /// - Parameters:
  ///   - ids: Shape `[n]`, `1...4096` of them, each below `2^(8 * idBytes)`.
  ///   - planes: Scratch of at least `n * idBytes` bytes; it holds the page when it stays plain.
  ///   - payload: Receives the compressed page; at least `n * idBytes` bytes.
  /// - Returns: The compressed size, or `nil` where the page is to be stored as `planes` holds it.
  package static func encode(
    _ ids: Span<UInt64>, idBytes: Int, planes: inout MutableSpan<UInt8>,
    payload: inout MutableSpan<UInt8>
  ) -> Int? {
    let plainBytes = ids.count * idBytes
    precondition(
      ids.count > 0 && ids.count <= edges && plainBytes <= planes.count
        && plainBytes <= payload.count, "page buffers too short")
    let compressed = unsafe ids.withUnsafeBufferPointer { ids in
      unsafe planes.withUnsafeMutableBufferPointer { planes in
        unsafe payload.withUnsafeMutableBufferPointer { payload in
          // SAFETY: the sizes were checked above, and LZ4 writes at most `capacity` bytes.
          unsafe mrs_shuffle_u64(
            ids.baseAddress, ids.count, UInt32(idBytes), planes.baseAddress)
          return unsafe planes.withMemoryRebound(to: CChar.self) { planes in
            unsafe payload.withMemoryRebound(to: CChar.self) { payload in
              unsafe LZ4_compress_default(
                planes.baseAddress, payload.baseAddress, Int32(plainBytes), Int32(plainBytes - 1))
            }
          }
        }
      }
    }
    return compressed > 0 ? Int(compressed) : nil
  }

  /// Decompresses a page into its planes.
  /// - Returns: Whether the payload is an LZ4 block of exactly `planeBytes` bytes. Any input is
  ///   safe.
  @inline(__always) static func inflate(
    _ payload: RawSpan, planeBytes: Int, into planes: inout MutableSpan<UInt8>
  ) -> Bool {
    guard planeBytes <= planes.count, payload.byteCount <= maximumBytes else { return false }
    let count = unsafe payload.withUnsafeBytes { payload in
      unsafe planes.withUnsafeMutableBytes { planes in
        // SAFETY: LZ4 reads the payload only and writes at most `planeBytes`, checked above.
        unsafe LZ4_decompress_safe(
          payload.baseAddress?.assumingMemoryBound(to: CChar.self),
          planes.baseAddress?.assumingMemoryBound(to: CChar.self),
          Int32(payload.count), Int32(planeBytes))
      }
    }
    return Int(count) == planeBytes
  }

  /// Joins planes into 32-bit ids.
  /// - Precondition: `planes` has `count * idBytes` bytes, `idBytes <= 4`, `count <= ids.count`.
  @inline(__always) static func join(
    _ planes: RawSpan, count: Int, idBytes: Int, into ids: inout MutableSpan<UInt32>
  ) {
    precondition(
      (1...4).contains(idBytes) && count <= ids.count && count * idBytes <= planes.byteCount,
      "page of \(count) ids of \(idBytes) bytes")
    unsafe planes.withUnsafeBytes { planes in
      unsafe ids.withUnsafeMutableBufferPointer { ids in
        // SAFETY: the sizes were checked above.
        unsafe mrs_unshuffle_u32(
          planes.baseAddress?.assumingMemoryBound(to: UInt8.self), count, UInt32(idBytes),
          ids.baseAddress)
      }
    }
  }

  /// Joins planes into 64-bit ids.
  /// - Precondition: `planes` has `count * idBytes` bytes, `count <= ids.count`.
  @inline(__always) static func join(
    _ planes: RawSpan, count: Int, idBytes: Int, into ids: inout MutableSpan<UInt64>
  ) {
    precondition(
      (1...8).contains(idBytes) && count <= ids.count && count * idBytes <= planes.byteCount,
      "page of \(count) ids of \(idBytes) bytes")
    unsafe planes.withUnsafeBytes { planes in
      unsafe ids.withUnsafeMutableBufferPointer { ids in
        // SAFETY: the sizes were checked above.
        unsafe mrs_unshuffle_u64(
          planes.baseAddress?.assumingMemoryBound(to: UInt8.self), count, UInt32(idBytes),
          ids.baseAddress)
      }
    }
  }

  /// The largest of the first `count` ids.
  static func maximum(_ ids: borrowing MutableSpan<UInt32>, count: Int) -> UInt64 {
    // SAFETY: `extracting` checks `count`, and the kernel reads exactly the lent elements.
    unsafe ids.span.extracting(0..<count).withUnsafeBufferPointer {
      UInt64(unsafe mrs_maximum_u32($0.baseAddress, $0.count))
    }
  }

  static func maximum(_ ids: borrowing MutableSpan<UInt64>, count: Int) -> UInt64 {
    maximum(ids.span.extracting(0..<count))
  }

  static func maximum(_ ids: Span<UInt64>) -> UInt64 {
    // SAFETY: the kernel reads exactly the lent elements.
    unsafe ids.withUnsafeBufferPointer { unsafe mrs_maximum_u64($0.baseAddress, $0.count) }
  }
}
