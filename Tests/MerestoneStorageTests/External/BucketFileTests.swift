import MerestoneCore
import MerestoneStorage
import MerestoneTestSupport
import Testing

@Suite("Bucket files")
struct BucketFileTests {
  let folder = TemporaryFolder()

  /// The 8-byte records of a bucket, sorted.
  func records(of bucket: Int, in file: BucketFile) throws -> [UInt64] {
    var bytes: [UInt8] = []
    try file.read(bucket, into: &bytes)
    var streamed: [UInt8] = []
    try file.forEachBlock(of: bucket) { block in
      block.withUnsafeBytes { streamed.append(contentsOf: $0) }
    }
    #expect(bytes == streamed)
    return stride(from: 0, to: bytes.count, by: 8).map { start in
      (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[start + $1]) << (8 * $1) }
    }.sorted()
  }

  @Test("every record is in its bucket, whoever appended it", arguments: [1, 3])
  func buckets(threads: Int) throws {
    let path = folder.path + "/buckets"
    let file = try BucketFile(path: path, bucketCount: 7, bufferBytes: 1)
    let pool = ThreadPool(threads: threads)
    pool.forEach(50) { chunk in
      for number in 0..<500 {
        let value = UInt64(chunk * 500 + number)
        let record = [value]
        try! file.append(record.span.bytes, to: Int(value % 7))
      }
    }
    try file.finish()
    for bucket in 0..<7 {
      let expected = (0..<25_000).map { UInt64($0) }.filter { $0 % 7 == UInt64(bucket) }
      #expect(try records(of: bucket, in: file) == expected)
    }
    #expect(file.byteCount == 200_000)
  }

  @Test("a file goes on where its table was kept")
  func resume() throws {
    let path = folder.path + "/buckets"
    var table: [[BucketFile.Block]] = []
    do {
      let file = try BucketFile(path: path, bucketCount: 2, bufferBytes: 8192)
      try file.append([UInt64(1)].span.bytes, to: 0)
      try file.flush()
      table = file.table()
      try file.append([UInt64(2)].span.bytes, to: 1)
      try file.finish()
    }
    let file = try BucketFile(path: path, resuming: table, bufferBytes: 8192)
    try file.append([UInt64(3)].span.bytes, to: 1)
    try file.finish()
    #expect(try records(of: 0, in: file) == [1])
    #expect(try records(of: 1, in: file) == [3])
  }

  @Test("a damaged or shortened file is noticed")
  func damage() throws {
    let path = folder.path + "/buckets"
    let file = try BucketFile(path: path, bucketCount: 1, bufferBytes: 1)
    try file.append([UInt64](repeating: 5, count: 4000).span.bytes, to: 0)
    try file.finish()
    var bytes: [UInt8] = []
    let scratch = try ScratchFile(path: path, resuming: true)
    try scratch.write([UInt8(1)].span.bytes, at: 17)
    #expect {
      try file.read(0, into: &bytes)
    } throws: {
      if case .wrongChecksum? = $0 as? StorageError { true } else { false }
    }
    try scratch.truncate(to: 100)
    #expect {
      try file.read(0, into: &bytes)
    } throws: {
      if case .wrongSize? = $0 as? StorageError { true } else { false }
    }
  }
}
