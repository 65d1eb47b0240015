import MerestoneStorage
import MerestoneTestSupport
import Testing

@Suite("Headers of npy files")
struct NumpyHeaderTests {
  private func bytes(_ dictionary: String, version: UInt8 = 1) -> [UInt8] {
    let text = Array(dictionary.utf8) + [0x0A]
    let length: [UInt8] =
      version == 1
      ? [UInt8(text.count & 255), UInt8(text.count >> 8)]
      : [UInt8(text.count & 255), UInt8(text.count >> 8), 0, 0]
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + text
  }

  private func parse(_ bytes: [UInt8]) throws(StorageError) -> NumpyHeader {
    try NumpyHeader(parsing: bytes.span.bytes, path: "x.npy")
  }

  @Test("as numpy writes them are read", arguments: [1, 2, 3] as [UInt8])
  func reads(version: UInt8) throws {
    let input = bytes(
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2708, 1433), }        ",
      version: version)
    let header = try parse(input)
    #expect(header.typeName == "<f4")
    #expect(header.element == .f32)
    #expect(header.shape == [2708, 1433])
    #expect(!header.isFortranOrder)
    #expect(header.byteCount == input.count)
    #expect(header.bodyByteCount == 2708 * 1433 * 4)
  }

  @Test("in other spellings mean the same")
  func spellings() throws {
    let header = try parse(
      bytes("{ \"shape\":(3L,), 'fortran_order' : True,\n\t'descr':'|u1'}"))
    #expect(header.shape == [3])
    #expect(header.isFortranOrder)
    #expect(header.element == .u8)
    #expect(try parse(bytes("{'shape':(),'fortran_order':False,'descr':'>f8',}")).shape == [])
    #expect(try parse(bytes("{'shape':(),'fortran_order':False,'descr':'>f8'}")).element == nil)
  }

  @Test(
    "with nonsense are refused",
    arguments: [
      "", "{", "{}", "{'descr': '<f4', 'fortran_order': False}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3}",
      "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2, 3)}",
      "{'descr': '<f4, 'fortran_order': False, 'shape': (2, 3)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2, -3)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
      "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}",
      "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} (",
    ])
  func refuses(dictionary: String) {
    #expect(throws: StorageError.self) { try parse(bytes(dictionary)) }
  }

  @Test("that are cut off anywhere, or start otherwise, are refused with the byte")
  func cut() {
    let whole = bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }")
    for count in 0..<whole.count {
      #expect(throws: StorageError.self) { try parse(Array(whole[..<count])) }
    }
    var other = whole
    other[2] = 0x58
    #expect(
      throws: StorageError.corrupt(
        path: "x.npy", byteOffset: 2, field: "start of a npy file", expected: "byte 85",
        found: "88")
    ) { try parse(other) }
    other = whole
    other[6] = 9
    #expect(throws: StorageError.self) { try parse(other) }
  }

  @Test("never trap, whatever bit is flipped")
  func flips() {
    let whole = bytes("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", version: 2)
    for byte in whole.indices {
      for bit in 0..<8 {
        var flipped = whole
        flipped[byte] ^= 1 << UInt8(bit)
        _ = try? parse(flipped).bodyByteCount
      }
    }
  }

  @Test("of ours are read back and end at 64 bytes", arguments: ElementType.allCases)
  func roundTrip(element: ElementType) throws {
    for shape in [[], [0], [5], [1 << 40, 128], [1, 2, 3]] {
      let header = NumpyHeader(element: element, shape: shape)
      let encoded = header.encoded()
      #expect(encoded.count % 64 == 0)
      #expect(try parse(encoded) == header)
      #expect(header.element == element)
    }
  }

  @Test("with extents whose product passes 2^63 have no size")
  func overflow() {
    #expect(NumpyHeader(element: .f32, shape: [1 << 40, 1 << 40]).valueCount == nil)
    #expect(NumpyHeader(element: .f32, shape: [1 << 62]).bodyByteCount == nil)
    #expect(NumpyHeader(element: .f32, shape: [1 << 40, 1 << 40, 0]).bodyByteCount == 0)
  }
}
