/// A JSON object whose first line vouches for the rest.
///
/// The first line is `{"checksum":"crc32c:` and eight hexadecimal digits, `","NAME":` and a line
/// feed. Then follow the object itself, `}` and a line feed. The checksum is the CRC-32C of
/// everything after the first line feed. So the file is JSON for every reader, and no byte of it
/// can change unseen.
package struct VouchedJSON: Sendable {
  private let suffix: String
  private static let prefix = "{\"checksum\":\"crc32c:"

  /// - Parameter name: Of the object, for who reads the file.
  package init(name: String) { suffix = "\",\"\(name)\":\n" }

  /// Bytes of the first line.
  var lineBytes: Int { Self.prefix.utf8.count + 8 + suffix.utf8.count }

  /// The bytes of a file that holds `object`.
  package func file(of object: [UInt8]) -> [UInt8] {
    let body = object + Array("}\n".utf8)
    let digits = Self.digits(body.checksumOfLast(body.count))
    return Array((Self.prefix + digits + suffix).utf8) + body
  }

  /// The object that a file holds.
  ///
  /// - Parameter path: Named in errors.
  /// - Throws: ``StorageError/wrongChecksum(path:byteOffset:byteCount:expected:found:)`` or
  ///   ``StorageError/corrupt(path:byteOffset:field:expected:found:)`` for a file that changed.
  package func object(of bytes: [UInt8], path: String) throws(StorageError) -> ArraySlice<UInt8> {
    let line = String(decoding: bytes.prefix(lineBytes), as: UTF8.self)
    let digits = line.dropFirst(Self.prefix.count).prefix(8)
    guard line.hasPrefix(Self.prefix), line.hasSuffix(suffix),
      let stored = UInt32(digits, radix: 16), Self.digits(stored) == digits
    else {
      throw .corrupt(
        path: path, byteOffset: 0, field: "first line",
        expected: Self.prefix + "xxxxxxxx" + suffix.dropLast(),
        found: String(line.prefix { $0 != "\n" }))
    }
    let computed = bytes.checksumOfLast(bytes.count - lineBytes)
    guard stored == computed else {
      throw .wrongChecksum(
        path: path, byteOffset: lineBytes, byteCount: bytes.count - lineBytes, expected: stored,
        found: computed)
    }
    guard bytes.count >= lineBytes + 2, bytes.suffix(2) == Array("}\n".utf8) else {
      throw .corrupt(
        path: path, byteOffset: max(0, bytes.count - 2), field: "last line", expected: "}",
        found: String(decoding: bytes.suffix(2), as: UTF8.self))
    }
    return bytes[lineBytes..<bytes.count - 2]
  }

  private static func digits(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
