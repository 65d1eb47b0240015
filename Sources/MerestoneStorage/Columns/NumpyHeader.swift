/// The header of a `.npy` file: what its values are and how they lie.
///
/// | offset | size | meaning |
/// |---|---|---|
/// | 0 | 6 | `\x93NUMPY` |
/// | 6 | 2 | version: 1.0 as written here; 2.0 and 3.0 are read as well |
/// | 8 | 2 (4 from version 2.0 on) | *n*, little-endian: bytes of text that follow |
/// | 10 (12) | *n* | a Python dictionary with `descr`, `fortran_order` and `shape`, spaces, `\n` |
///
/// The body follows at once. Headers written here end at a multiple of 64 bytes.
package struct NumpyHeader: Equatable, Sendable {
  /// The type as the file names it, such as `<f4`.
  package var typeName: String

  /// Whether the first index runs fastest, rather than the last.
  package var isFortranOrder: Bool

  /// The extents, slowest first in C order; empty for a scalar.
  package var shape: [Int]

  /// The size of the header: where the body starts.
  package var byteCount: Int

  /// How much of a file ``totalByteCount(prefix:path:)`` has to see.
  package static let prefixByteCount = 12

  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  static let maximumByteCount = 1 << 20
  private static let alignment = 64

  /// A header of our own: version 1.0, C order.
  package init(element: ElementType, shape: [Int]) {
    typeName = element.numpyName
    isFortranOrder = false
    self.shape = shape
    byteCount = 0
    byteCount = encoded().count
  }

  /// Reads the header at the start of `bytes`.
  ///
  /// - Parameters:
  ///   - bytes: The file, or at least its header.
  ///   - path: The file's name, for errors.
  /// - Throws: ``StorageError/corrupt(path:byteOffset:field:expected:found:)``.
  package init(parsing bytes: RawSpan, path: String) throws(StorageError) {
    let total = try Self.totalByteCount(prefix: bytes, path: path)
    guard bytes.byteCount >= total else {
      throw .corrupt(
        path: path, byteOffset: bytes.byteCount, field: "npy header",
        expected: "\(total) bytes", found: "the end of the file")
    }
    let start = bytes.littleEndian(at: 6, as: UInt8.self) == 1 ? 10 : 12
    var text = NumpyHeaderText(bytes, start..<total, path)
    (typeName, isFortranOrder, shape) = try text.parse()
    byteCount = total
  }

  /// How long the header is that starts with `prefix`.
  package static func totalByteCount(prefix: RawSpan, path: String) throws(StorageError) -> Int {
    guard prefix.byteCount >= prefixByteCount else {
      throw .corrupt(
        path: path, byteOffset: prefix.byteCount, field: "npy header",
        expected: "at least \(prefixByteCount) bytes", found: "the end of the file")
    }
    for (offset, byte) in magic.enumerated() {
      let found = prefix.littleEndian(at: offset, as: UInt8.self)
      guard found == byte else {
        throw .corrupt(
          path: path, byteOffset: offset, field: "start of a npy file",
          expected: "byte \(byte)", found: "\(found)")
      }
    }
    let version = prefix.littleEndian(at: 6, as: UInt8.self)
    let minor = prefix.littleEndian(at: 7, as: UInt8.self)
    guard (1...3).contains(version), minor == 0 else {
      throw .corrupt(
        path: path, byteOffset: 6, field: "npy version", expected: "1.0, 2.0 or 3.0",
        found: "\(version).\(minor)")
    }
    let total =
      version == 1
      ? 10 + Int(prefix.littleEndian(at: 8, as: UInt16.self))
      : 12 + Int(prefix.littleEndian(at: 8, as: UInt32.self))
    guard total <= maximumByteCount else {
      throw .corrupt(
        path: path, byteOffset: 8, field: "npy header size",
        expected: "at most \(maximumByteCount) bytes", found: "\(total)")
    }
    return total
  }

  /// The type of the values, `nil` where columns can't hold it.
  package var element: ElementType? { ElementType(numpyName: typeName) }

  /// The number of values, `nil` past 2^63.
  package var valueCount: Int? {
    if shape.contains(0) { return 0 }
    var product = 1
    for extent in shape {
      let (result, overflow) = product.multipliedReportingOverflow(by: extent)
      if overflow { return nil }
      product = result
    }
    return product
  }

  /// The size of the body in bytes, `nil` past 2^63 or for a type that columns can't hold.
  package var bodyByteCount: Int? {
    guard let valueCount, let element else { return nil }
    let (result, overflow) = valueCount.multipliedReportingOverflow(by: element.byteCount)
    return overflow ? nil : result
  }

  /// The header's bytes: version 1.0, as long as a multiple of 64 bytes.
  package func encoded() -> [UInt8] {
    let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let dictionary =
      "{'descr': '\(typeName)', 'fortran_order': \(isFortranOrder ? "True" : "False"), "
      + "'shape': (\(extents)), }"
    let fixed = Self.magic.count + 4
    let unpadded = fixed + dictionary.utf8.count + 1
    let total = (unpadded + Self.alignment - 1) / Self.alignment * Self.alignment
    var bytes = Self.magic + [1, 0]
    bytes.appendLittleEndian(UInt16(total - fixed))
    bytes += Array(dictionary.utf8)
    bytes += [UInt8](repeating: UInt8(ascii: " "), count: total - unpadded)
    bytes.append(UInt8(ascii: "\n"))
    return bytes
  }
}
