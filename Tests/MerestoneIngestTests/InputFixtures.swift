import CLZ4
import CZstd
import Foundation
import MerestoneCore
@_exported import MerestoneTestSupport

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

/// One zstd frame with a checksum.
func zstd(_ bytes: [UInt8], level: Int32 = 3) -> [UInt8] {
  let context = ZSTD_createCCtx()
  defer { ZSTD_freeCCtx(context) }
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
  ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)
  var result = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
  let count = ZSTD_compress2(context, &result, result.count, bytes, bytes.count)
  return Array(result[..<count])
}

/// One LZ4 frame with a checksum.
func lz4(_ bytes: [UInt8]) -> [UInt8] {
  var preferences = LZ4F_preferences_t()
  preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled
  var result = [UInt8](repeating: 0, count: LZ4F_compressFrameBound(bytes.count, &preferences))
  let count = LZ4F_compressFrame(&result, result.count, bytes, bytes.count, &preferences)
  return Array(result[..<count])
}

func compressed(_ bytes: [UInt8], _ kind: Compression) -> [UInt8] {
  switch kind {
  case .gzip: gzip(bytes)
  case .zstd: zstd(bytes)
  case .lz4: lz4(bytes)
  }
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
