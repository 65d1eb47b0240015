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
