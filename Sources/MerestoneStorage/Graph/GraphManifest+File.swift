import FoundationEssentials

/// `manifest.json`: the manifest as ``VouchedJSON``; its first line has 42 bytes.
extension GraphManifest {
  package static let fileName = "manifest.json"
  /// Times, host, threads: beside the manifest, but no part of the graph.
  package static let reportName = "report.json"

  private static let format = VouchedJSON(name: "manifest")

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
    return Self.format.file(of: object)
  }

  /// Reads a manifest's bytes.
  ///
  /// - Parameter path: Named in errors.
  /// - Throws: ``StorageError/wrongVersion(path:byteOffset:expected:found:)`` for a manifest of
  ///   another version; other cases for one that is damaged or contradicts itself.
  package init(decoding bytes: [UInt8], path: String) throws(StorageError) {
    let lineBytes = Self.format.lineBytes
    let object = Data(try Self.format.object(of: bytes, path: path))
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
}
