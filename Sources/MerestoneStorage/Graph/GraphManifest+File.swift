import FoundationEssentials

/// `manifest.json`: a JSON object whose first line vouches for the rest.
///
/// The first line is `{"checksum":"crc32c:` and eight hexadecimal digits, `","manifest":` and a
/// line feed: 42 bytes. Then follow the manifest as a JSON object, `}` and a line feed. The
/// checksum is the CRC-32C of everything after the first line feed. So the file is JSON for every
/// reader, and no byte of it can change unseen.
extension GraphManifest {
  package static let fileName = "manifest.json"
  /// Times, host, threads: beside the manifest, but no part of the graph.
  package static let reportName = "report.json"

  private static let prefix = "{\"checksum\":\"crc32c:"
  private static let suffix = "\",\"manifest\":\n"

  /// The bytes of the file; equal manifests give equal bytes.
  package func encoded() throws(StorageError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    let object: [UInt8]
    do {
      object = [UInt8](try encoder.encode(self))
    } catch {
      throw .invalid(
        path: Self.fileName, what: "manifest", expected: "values that JSON can hold",
        found: "\(error)", mend: "please report it")
    }
    let body = object + Array("}\n".utf8)
    let digits = Self.digits(body.checksumOfLast(body.count))
    return Array((Self.prefix + digits + Self.suffix).utf8) + body
  }

  /// Reads a manifest's bytes.
  ///
  /// - Parameter path: Named in errors.
  /// - Throws: ``StorageError/wrongVersion(path:byteOffset:expected:found:)`` for a manifest of
  ///   another version; other cases for one that is damaged or contradicts itself.
  package init(decoding bytes: [UInt8], path: String) throws(StorageError) {
    let lineBytes = Self.prefix.utf8.count + 8 + Self.suffix.utf8.count
    let line = String(decoding: bytes.prefix(lineBytes), as: UTF8.self)
    let digits = line.dropFirst(Self.prefix.count).prefix(8)
    guard line.hasPrefix(Self.prefix), line.hasSuffix(Self.suffix),
      let stored = UInt32(digits, radix: 16), Self.digits(stored) == digits
    else {
      throw .corrupt(
        path: path, byteOffset: 0, field: "first line",
        expected: Self.prefix + "xxxxxxxx" + Self.suffix.dropLast(),
        found: String(line.prefix { $0 != "\n" }))
    }
    let computed = bytes.checksumOfLast(bytes.count - lineBytes)
    guard stored == computed else {
      throw .wrongChecksum(
        path: path, byteOffset: lineBytes, byteCount: bytes.count - lineBytes, expected: stored,
        found: computed)
    }
    guard bytes.suffix(2) == Array("}\n".utf8) else {
      throw .corrupt(
        path: path, byteOffset: max(0, bytes.count - 2), field: "last line", expected: "}",
        found: String(decoding: bytes.suffix(2), as: UTF8.self))
    }
    let object = Data(bytes[lineBytes..<bytes.count - 2])
    let decoder = JSONDecoder()
    let version = (try? decoder.decode(Version.self, from: object))?.formatVersion
    guard let version else {
      throw .corrupt(
        path: path, byteOffset: lineBytes, field: "formatVersion", expected: "a number",
        found: "none")
    }
    guard version == Self.currentVersion else {
      throw .wrongVersion(
        path: path, byteOffset: lineBytes, expected: Self.currentVersion, found: version)
    }
    do {
      self = try decoder.decode(GraphManifest.self, from: object)
    } catch let error as StorageError {
      throw error
    } catch {
      throw .corrupt(
        path: path, byteOffset: lineBytes, field: "manifest", expected: "a manifest of version 1",
        found: "\(error)")
    }
    if let problem = contradiction {
      throw .corrupt(
        path: path, byteOffset: lineBytes, field: problem.what, expected: problem.expected,
        found: problem.found)
    }
  }

  private struct Version: Decodable { var formatVersion: Int }

  private static func digits(_ value: UInt32) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
