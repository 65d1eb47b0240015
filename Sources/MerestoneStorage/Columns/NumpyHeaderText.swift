/// Reads the Python dictionary in a `.npy` header: strings, booleans and tuples of integers.
struct NumpyHeaderText {
  private let path: String
  private let bytes: [UInt8]
  private let start: Int
  private var position = 0

  /// - Parameter range: The byte range of the dictionary in `file`.
  init(_ file: RawSpan, _ range: Range<Int>, _ path: String) {
    self.path = path
    start = range.lowerBound
    bytes = range.map { file.littleEndian(at: $0, as: UInt8.self) }
  }

  /// The three values, in any order of their keys.
  mutating func parse() throws(StorageError) -> (
    typeName: String, isFortranOrder: Bool, shape: [Int]
  ) {
    var typeName: String?
    var isFortranOrder: Bool?
    var shape: [Int]?
    try expect("{")
    while !accept("}") {
      let keyPosition = position
      let key = try string()
      try expect(":")
      switch key {
      case "descr" where typeName == nil: typeName = try typeDescription()
      case "fortran_order" where isFortranOrder == nil: isFortranOrder = try boolean()
      case "shape" where shape == nil: shape = try tuple()
      default:
        position = keyPosition
        throw failure("one each of 'descr', 'fortran_order' and 'shape'", "'\(key)'")
      }
      if !accept(",") {
        try expect("}")
        break
      }
    }
    skipSpace()
    guard position == bytes.count else { throw failure("the end of the header") }
    guard let typeName, let isFortranOrder, let shape else {
      throw failure("'descr', 'fortran_order' and 'shape'", "fewer")
    }
    return (typeName, isFortranOrder, shape)
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) {
      position += 1
    }
  }

  private mutating func accept(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(StorageError) {
    guard accept(character) else { throw failure("'\(character)'") }
  }

  private mutating func string() throws(StorageError) -> String {
    skipSpace()
    guard position < bytes.count, bytes[position] == 0x27 || bytes[position] == 0x22,
      let end = bytes[(position + 1)...].firstIndex(of: bytes[position])
    else { throw failure("a string in quotes") }
    let text = String(decoding: bytes[position + 1..<end], as: UTF8.self)
    position = end + 1
    return text
  }

  private mutating func typeDescription() throws(StorageError) -> String {
    if accept("[") { throw failure("one type for all values", "a structure") }
    return try string()
  }

  private mutating func boolean() throws(StorageError) -> Bool {
    skipSpace()
    for (word, value) in [("True", true), ("False", false)]
    where bytes[position...].starts(with: word.utf8) {
      position += word.utf8.count
      return value
    }
    throw failure("True or False")
  }

  private mutating func tuple() throws(StorageError) -> [Int] {
    var extents: [Int] = []
    try expect("(")
    while !accept(")") {
      extents.append(try integer())
      if !accept(",") {
        try expect(")")
        break
      }
    }
    return extents
  }

  private mutating func integer() throws(StorageError) -> Int {
    skipSpace()
    let digits = bytes[position...].prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
    guard let value = Int(String(decoding: digits, as: UTF8.self)) else {
      throw failure("a count below 2^63")
    }
    position += digits.count
    // Python 2 wrote long integers with this suffix.
    if position < bytes.count, bytes[position] == UInt8(ascii: "L") { position += 1 }
    return value
  }

  private func failure(_ expected: String, _ found: String? = nil) -> StorageError {
    let rest = bytes[min(position, bytes.count)...].prefix(16)
    return .corrupt(
      path: path, byteOffset: start + position, field: "npy header", expected: expected,
      found: found
        ?? (rest.isEmpty ? "its end" : String(decoding: rest, as: UTF8.self).debugDescription))
  }
}
