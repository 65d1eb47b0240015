internal import CMerestoneKernels

/// A running CRC-32C (Castagnoli), the checksum of every file of a graph.
package struct Checksum: Sendable, Equatable {
  /// The checksum of all bytes so far.
  package private(set) var value: UInt32

  /// - Parameter value: Where to continue; 0 to start.
  package init(_ value: UInt32 = 0) { self.value = value }

  package mutating func update(_ bytes: RawSpan) {
    value = unsafe bytes.withUnsafeBytes { buffer in
      // SAFETY: the kernel reads exactly `count` bytes of the span that is lent here.
      unsafe mrs_crc32c(value, buffer.baseAddress, buffer.count)
    }
  }

  /// The checksum of `bytes` alone.
  /// - Complexity: about 10 GB/s with SSE4.2.
  package static func of(_ bytes: RawSpan) -> UInt32 {
    var checksum = Checksum()
    checksum.update(bytes)
    return checksum.value
  }
}
