import Foundation
import MerestoneCore

@testable import MerestoneIngest

/// A folder of input files that goes away with the test.
final class InputFolder {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "merestone-ingest-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
    return "\(path)/\(name)"
  }

  func file(_ name: String, _ text: String) throws -> String {
    try file(name, Array(text.utf8))
  }
}

/// Where the real graphs are; nil where they are not.
let realData: String? = {
  let package = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
  let path =
    ProcessInfo.processInfo.environment["MERESTONE_DATA"] ?? "\(package)/../shared/data"
  return FileManager.default.fileExists(atPath: "\(path)/cora/edges.tsv.gz") ? path : nil
}()

func littleEndian<T: FixedWidthInteger>(_ values: [T]) -> [UInt8] {
  values.flatMap { value in withUnsafeBytes(of: value.littleEndian) { Array($0) } }
}

func littleEndian(_ values: [Float]) -> [UInt8] { littleEndian(values.map(\.bitPattern)) }

/// A NumPy 1.0 file.
func npy(_ type: String, _ shape: [Int], fortran: Bool = false, _ body: [UInt8]) -> [UInt8] {
  let extents = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
  var text =
    "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': (\(extents)), }"
  while (10 + text.utf8.count + 1) % 64 != 0 { text += " " }
  text += "\n"
  return [0x93] + Array("NUMPY".utf8) + [1, 0] + littleEndian([UInt16(text.utf8.count)])
    + Array(text.utf8) + body
}

/// CRC-32 of gzip and zip, bit by bit.
func crc32(_ bytes: [UInt8]) -> UInt32 {
  var crc: UInt32 = .max
  for byte in bytes {
    crc ^= UInt32(byte)
    for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
  }
  return ~crc
}

/// Deflate with stored blocks only.
func deflated(_ bytes: [UInt8]) -> [UInt8] {
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
func gzip(_ bytes: [UInt8]) -> [UInt8] {
  [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255] + deflated(bytes)
    + littleEndian([crc32(bytes), UInt32(bytes.count)])
}

/// A zip archive; `wide` writes sizes into zip64 fields.
func zip(
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
func csr(
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

/// All edges of a file at once.
struct AllEdges: Equatable {
  var sources: [String] = []
  var destinations: [String] = []
  var columns: [ColumnValues] = []
  var batches = 0
  var rows: [Int] = []

  var pairs: [String] { zip(sources, destinations).map { "\($0)>\($1)" } }
}

func readEdges(
  _ path: String, options: EdgeListReader.Options = .init(), threads: Int = 2
) throws(IngestError) -> AllEdges {
  let pool = ThreadPool(threads: threads)
  var reader = try EdgeListReader.open(path, options: options)
  try reader.inferColumnTypes(pool: pool)
  let stream = try reader.stream(pool: pool)
  var all = AllEdges()
  while let batch = try stream.next() {
    all.batches += 1
    all.rows.append(batch.firstRow)
    for index in 0..<batch.count {
      all.sources.append(batch.sources.text(index))
      all.destinations.append(batch.destinations.text(index))
    }
    if all.columns.isEmpty {
      all.columns = batch.columns
    } else {
      for (index, values) in batch.columns.enumerated() { all.columns[index].append(values) }
    }
  }
  return all
}

extension ColumnValues {
  mutating func append(_ other: ColumnValues) {
    switch (self, other) {
    case (.integers(let a), .integers(let b)): self = .integers(a + b)
    case (.numbers(let a), .numbers(let b)): self = .numbers(a + b)
    case (.splits(let a), .splits(let b)): self = .splits(a + b)
    case (.words(var a), .words(let b)):
      a.append(contentsOf: b)
      self = .words(a)
    default: preconditionFailure("the type of a column changed between batches")
    }
  }
}

func thrown<T>(_ body: () throws(IngestError) -> T) -> IngestError? {
  do {
    _ = try body()
    return nil
  } catch {
    return error
  }
}
