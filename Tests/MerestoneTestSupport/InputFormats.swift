/// Numbers as files hold them.
package func littleEndian<T: FixedWidthInteger>(_ values: [T]) -> [UInt8] {
  values.flatMap { value in unsafe withUnsafeBytes(of: value.littleEndian) { unsafe Array($0) } }
}

package func littleEndian(_ values: [Float]) -> [UInt8] { littleEndian(values.map(\.bitPattern)) }

/// A NumPy 1.0 file.
package func npy(_ type: String, _ shape: [Int], fortran: Bool = false, _ body: [UInt8]) -> [UInt8]
{
  let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
  var text =
    "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': (\(extents)), }"
  while (10 + text.utf8.count + 1) % 64 != 0 { text += " " }
  text += "\n"
  return [0x93] + Array("NUMPY".utf8) + [1, 0] + littleEndian([UInt16(text.utf8.count)])
    + Array(text.utf8) + body
}

/// CRC-32 of gzip and zip, bit by bit.
package func crc32(_ bytes: [UInt8]) -> UInt32 {
  var crc: UInt32 = .max
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
  }
  return ~crc
}

/// Deflate with stored blocks only.
package func deflated(_ bytes: [UInt8]) -> [UInt8] {
  var result: [UInt8] = []
  var rest = bytes[...]
  repeat {
    let block = rest.prefix(10_000)
    rest = rest.dropFirst(10_000)
    result.append(rest.isEmpty ? 1 : 0)
    result += littleEndian([UInt16(block.count), ~UInt16(block.count)]) + Array(block)
  } while !rest.isEmpty
  return result
}

/// One gzip member.
package func gzip(_ bytes: [UInt8]) -> [UInt8] {
  [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255] + deflated(bytes)
    + littleEndian([crc32(bytes), UInt32(bytes.count)])
}

/// A zip archive; `wide` writes sizes into zip64 fields.
package func zip(
  _ entries: [(name: String, bytes: [UInt8])], deflate: Bool = false, wide: Bool = false
) -> [UInt8] {
  var file: [UInt8] = []
  var directory: [UInt8] = []
  for entry in entries {
    let name = Array(entry.name.utf8)
    let data = deflate ? deflated(entry.bytes) : entry.bytes
    let offset = UInt32(file.count)
    let method: UInt16 = deflate ? 8 : 0
    let sizes = [UInt32(data.count), UInt32(entry.bytes.count)]
    file +=
      littleEndian([UInt32(0x0403_4b50)]) + littleEndian([UInt16(20), 0, method, 0, 0])
      + littleEndian([crc32(entry.bytes)] + sizes) + littleEndian([UInt16(name.count), 0])
      + name + data
    let extra: [UInt8] =
      wide
      ? littleEndian([UInt16(1), 16])
        + littleEndian([UInt64(entry.bytes.count), UInt64(data.count)]) : []
    directory +=
      littleEndian([UInt32(0x0201_4b50)]) + littleEndian([UInt16(45), 45, 0, method, 0, 0])
      + littleEndian([crc32(entry.bytes)] + (wide ? [.max, .max] : sizes))
      + littleEndian([UInt16(name.count), UInt16(extra.count), 0, 0, 0])
      + littleEndian([UInt32(0), offset]) + name + extra
  }
  let count = UInt16(entries.count)
  return file + directory + littleEndian([UInt32(0x0605_4b50)])
    + littleEndian([UInt16(0), 0, count, count])
    + littleEndian([UInt32(directory.count), UInt32(file.count)]) + littleEndian([UInt16(0)])
}

/// A scipy CSR matrix file.
package func csr(
  data: [UInt8], type: String = "|u1", indices: [Int32], indptr: [Int32], shape: [Int64],
  format: String = "csr", deflate: Bool = false, wide: Bool = false
) -> [UInt8] {
  zip(
    [
      ("indices.npy", npy("<i4", [indices.count], littleEndian(indices))),
      ("indptr.npy", npy("<i4", [indptr.count], littleEndian(indptr))),
      ("format.npy", npy("|S\(format.utf8.count)", [], Array(format.utf8))),
      ("shape.npy", npy("<i8", [shape.count], littleEndian(shape))),
      ("data.npy", npy(type, [indices.count], data)),
    ], deflate: deflate, wide: wide)
}

/// One zstd frame of raw blocks: RFC 8878, section 3.1.1.
package func zstdFrame(_ bytes: [UInt8]) -> [UInt8] {
  // A single segment with a content size of 4 bytes, and no checksum.
  var frame = littleEndian([0xFD2F_B528 as UInt32]) + [0xA0] + littleEndian([UInt32(bytes.count)])
  var rest = bytes[...]
  repeat {
    let block = rest.prefix(10_000)
    rest = rest.dropFirst(10_000)
    let header = UInt32(block.count) << 3 | (rest.isEmpty ? 1 : 0)
    frame += littleEndian([header]).prefix(3) + Array(block)
  } while !rest.isEmpty
  return frame
}

/// One lz4 frame of stored blocks: LZ4 Frame Format 1.6.
package func lz4Frame(_ bytes: [UInt8]) -> [UInt8] {
  // Independent blocks of at most 4 MiB, no checksums; 0x73 vouches for these two bytes.
  var frame: [UInt8] = littleEndian([0x184D_2204 as UInt32]) + [0x60, 0x70, 0x73]
  var rest = bytes[...]
  while !rest.isEmpty {
    let block = rest.prefix(10_000)
    rest = rest.dropFirst(10_000)
    frame += littleEndian([UInt32(block.count) | 1 << 31]) + Array(block)
  }
  return frame + [0, 0, 0, 0]
}
