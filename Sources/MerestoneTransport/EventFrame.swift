import FoundationEssentials

/// How messages travel from a worker to the supervisor.
///
/// | offset | size | meaning                                |
/// |--------|------|----------------------------------------|
/// | 0      | 8    | payload size in bytes, little-endian   |
/// | 8      | size | payload                                |
///
/// The supervisor sends nothing back but single bytes ``stopRequest``.
enum EventFrame {
  static let headerBytes = 8
  static let largestPayload = 1 << 31

  /// What the supervisor writes to ask a worker to stop.
  static let stopRequest: UInt8 = 0x53

  static func header(payloadBytes: Int) -> [UInt8] {
    (0..<headerBytes).map { UInt8(truncatingIfNeeded: payloadBytes >> (8 * $0)) }
  }

  /// Collects what arrives on one socket into messages.
  struct Reader {
    private var pending: [UInt8] = []

    mutating func append(_ bytes: ArraySlice<UInt8>) { pending.append(contentsOf: bytes) }

    /// All messages that are complete, in order.
    /// - Throws: ``Malformed`` when a header announces an impossible size.
    mutating func takeMessages() throws(Malformed) -> [Data] {
      var messages: [Data] = []
      var offset = 0
      while pending.count - offset >= headerBytes {
        var size: UInt64 = 0
        for byte in 0..<headerBytes { size |= UInt64(pending[offset + byte]) << UInt64(8 * byte) }
        guard size <= UInt64(largestPayload) else { throw Malformed(byteCount: size) }
        let end = offset + headerBytes + Int(size)
        guard pending.count >= end else { break }
        messages.append(Data(pending[(offset + headerBytes)..<end]))
        offset = end
      }
      if offset > 0 { pending.removeFirst(offset) }
      return messages
    }
  }

  struct Malformed: Error { var byteCount: UInt64 }
}
