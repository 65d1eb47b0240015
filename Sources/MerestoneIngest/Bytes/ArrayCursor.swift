import MerestoneStorage

/// What the values of a NumPy array are.
enum ArrayElement: Equatable, Sendable {
  case boolean
  case unsigned(bytes: Int)
  case signed(bytes: Int)
  case float(bytes: Int)

  /// The type that a header calls `name`; nil for big-endian numbers, words and structures.
  init?(name: String) {
    let parts = Array(name.utf8)
    guard parts.count == 3, parts[2] >= UInt8(ascii: "1"), parts[2] <= UInt8(ascii: "8") else {
      return nil
    }
    let bytes = Int(parts[2] - UInt8(ascii: "0"))
    let order = parts[0]
    guard order == UInt8(ascii: "<") || (order == UInt8(ascii: "|") && bytes == 1) else {
      return nil
    }
    switch (parts[1], bytes) {
    case (UInt8(ascii: "b"), 1): self = .boolean
    case (UInt8(ascii: "u"), 1), (UInt8(ascii: "u"), 2), (UInt8(ascii: "u"), 4),
      (UInt8(ascii: "u"), 8):
      self = .unsigned(bytes: bytes)
    case (UInt8(ascii: "i"), 1), (UInt8(ascii: "i"), 2), (UInt8(ascii: "i"), 4),
      (UInt8(ascii: "i"), 8):
      self = .signed(bytes: bytes)
    case (UInt8(ascii: "f"), 2), (UInt8(ascii: "f"), 4), (UInt8(ascii: "f"), 8):
      self = .float(bytes: bytes)
    default: return nil
    }
  }

  var byteCount: Int {
    switch self {
    case .boolean: 1
    case .unsigned(let bytes), .signed(let bytes), .float(let bytes): bytes
    }
  }

  var isInteger: Bool {
    switch self {
    case .unsigned, .signed: true
    case .boolean, .float: false
    }
  }
}

extension TextView {
  /// The integer at a byte offset, sign-extended to 64 bits.
  /// - Precondition: `element` is an integer type or boolean.
  @inline(__always) func integer(at offset: Int, _ element: ArrayElement) -> UInt64 {
    switch element {
    case .boolean, .unsigned(bytes: 1): UInt64(load(at: offset, as: UInt8.self))
    case .unsigned(bytes: 2): UInt64(load(at: offset, as: UInt16.self))
    case .unsigned(bytes: 4): UInt64(load(at: offset, as: UInt32.self))
    case .signed(bytes: 1): UInt64(truncatingIfNeeded: load(at: offset, as: Int8.self))
    case .signed(bytes: 2): UInt64(truncatingIfNeeded: load(at: offset, as: Int16.self))
    case .signed(bytes: 4): UInt64(truncatingIfNeeded: load(at: offset, as: Int32.self))
    default: load(at: offset, as: UInt64.self)
    }
  }

  /// The number at a byte offset, rounded to `Float`.
  @inline(__always) func float(at offset: Int, _ element: ArrayElement) -> Float {
    switch element {
    case .float(bytes: 4): Float(bitPattern: load(at: offset, as: UInt32.self))
    case .float(bytes: 8): Float(Double(bitPattern: load(at: offset, as: UInt64.self)))
    case .float: Float(Float16(bitPattern: load(at: offset, as: UInt16.self)))
    case .signed: Float(Int64(bitPattern: integer(at: offset, element)))
    case .boolean, .unsigned: Float(integer(at: offset, element))
    }
  }
}

/// Reads the values of a NumPy array in order, through one buffer.
final class ArrayCursor {
  let header: NumpyHeader
  /// nil for types without numbers: only ``bytes(_:)`` reads those.
  let element: ArrayElement?
  /// How messages call the array.
  let name: String

  private let source: any ByteReading
  private var buffer: ByteBuffer
  private var offset: Int

  /// - Parameters:
  ///   - source: The `.npy` file from its first byte on.
  ///   - name: The file, or the file and the name of its entry.
  init(_ source: any ByteReading, name: String) throws(IngestError) {
    self.source = source
    self.name = name
    let prefixBytes = NumpyHeader.prefixByteCount
    let prefix = ByteBuffer(capacity: prefixBytes)
    let count = try source.read(into: prefix, range: 0..<prefixBytes)
    let start = prefix.view(count: count)
    let total = try Self.parse(start, name: name) { bytes throws(StorageError) in
      try NumpyHeader.totalByteCount(prefix: bytes, path: name)
    }
    guard total >= prefixBytes else {
      throw .invalidArray(name, byteOffset: 8, detail: "a header of \(total) bytes")
    }
    let whole = ByteBuffer(capacity: total)
    for index in 0..<count { whole.store(start[index], at: index) }
    let present = try count + source.read(into: whole, range: count..<total)
    header = try Self.parse(whole.view(count: present), name: name) { bytes throws(StorageError) in
      try NumpyHeader(parsing: bytes, path: name)
    }
    element = ArrayElement(name: header.typeName)
    offset = header.byteCount
    buffer = ByteBuffer(capacity: 1)
  }

  /// The size of the values in bytes, nil past 2^63 or where ``element`` is nil.
  var bodyBytes: Int? {
    guard let element, let count = header.valueCount else { return nil }
    let (bytes, overflow) = count.multipliedReportingOverflow(by: element.byteCount)
    return overflow ? nil : bytes
  }

  /// The next `count` bytes of the body; valid until the next call.
  func bytes(_ count: Int) throws(IngestError) -> TextView {
    if buffer.capacity < count { buffer = ByteBuffer(capacity: count) }
    let found = try source.read(into: buffer, range: 0..<count)
    guard found == count else {
      throw .invalidArray(
        name, byteOffset: offset + found, detail: "the values end too early; the file is truncated")
    }
    offset += count
    return buffer.view(count: count)
  }

  /// Counts bytes of the body that were skipped in the source, so that faults name the right byte.
  func advance(by count: Int) { offset += count }

  /// Throws unless the input ends here.
  func expectEnd() throws(IngestError) {
    let probe = ByteBuffer(capacity: 1)
    if try source.read(into: probe, range: 0..<1) != 0 {
      throw .invalidArray(name, byteOffset: offset, detail: "there are bytes behind the last value")
    }
  }

  private static func parse<R>(
    _ view: TextView, name: String, _ body: (RawSpan) throws(StorageError) -> R
  ) throws(IngestError) -> R {
    do throws(StorageError) {
      return try view.withRawSpan(0..<view.count, body)
    } catch {
      if case .corrupt(_, let byteOffset, let field, let expected, let found) = error {
        throw IngestError.invalidArray(
          name, byteOffset: byteOffset, detail: "\(field): expected \(expected), found \(found)")
      }
      throw IngestError.invalidArray(name, byteOffset: 0, detail: "\(error)")
    }
  }
}
