import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneStorage

@Suite("Groups of records on their way to buckets")
struct BucketGroupsTests {
  let folder = TemporaryFolder()

  /// Memory with which threads have blocks of the largest and the smallest size, or share buffers.
  enum Room: CaseIterable {
    case large, small, shared

    func memory(buckets: Int, threads: Int, recordBytes: Int) -> BucketMemory {
      let group = BucketGroups.groupBytes(recordBytes: recordBytes)
      let each =
        switch self {
        case .large: buckets * (128 << 10 + group)
        case .small: buckets * (16 << 10 + group)
        case .shared: buckets * (16 << 10 + group - 1)
        }
      return BucketMemory(
        (each + 2 << 20) * threads, threads: threads, bucketCount: buckets,
        recordBytes: recordBytes)
    }
  }

  /// What a record of some bytes says of its number.
  private func bytes(of number: UInt64, count: Int) -> [UInt8] {
    (0..<count).map {
      UInt8(truncatingIfNeeded: number >> UInt64(8 * min($0, 7)))
        &+ UInt8(truncatingIfNeeded: $0 / 8)
    }
  }

  private func add(_ record: [UInt8], to bucket: Int, of groups: BucketGroups) throws {
    let place = try groups.next(in: bucket)
    record.withUnsafeBytes { place.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
  }

  private func records(of bucket: Int, in file: BucketFile, count: Int) throws -> [[UInt8]] {
    var bytes: [UInt8] = []
    try file.read(bucket, into: &bytes)
    #expect(bytes.count % count == 0)
    return stride(from: 0, to: bytes.count, by: count).map { Array(bytes[$0..<$0 + count]) }
  }

  @Test(
    "every record is in its bucket, whichever thread brought it", arguments: Room.allCases,
    [3, 5, 8, 12, 600, 20_000])
  func buckets(room: Room, recordBytes: Int) throws {
    let (buckets, threads) = (37, 2)
    let memory = room.memory(
      buckets: buckets, threads: threads, recordBytes: recordBytes)
    #expect(
      (memory.blockBytes == 0) == (room == .shared || recordBytes > 16 << 10 && room == .small))
    let file = try BucketFile(
      path: folder.path + "/buckets", bucketCount: buckets, bufferBytes: memory.bufferBytes)
    let pool = ThreadPool(threads: threads)
    // One bucket has half of the records, so that it fills several blocks, and the last one none.
    let count = 1_200_000 / recordBytes
    func bucket(of number: Int) -> Int { number % 2 == 0 ? 0 : number % (buckets - 1) }
    pool.forEach(4) { thread in
      let groups = BucketGroups(file, recordBytes: recordBytes, memory)
      for number in stride(from: thread, to: count, by: 4) {
        try! add(
          bytes(of: UInt64(number), count: recordBytes), to: bucket(of: number), of: groups)
        // Now and then everything is handed over, as for a checkpoint.
        if number % 50_000 == thread { try! groups.flush() }
      }
      try! groups.flush()
    }
    try file.finish()
    var expected = [[[UInt8]]](repeating: [], count: buckets)
    for number in 0..<count {
      expected[bucket(of: number)].append(bytes(of: UInt64(number), count: recordBytes))
    }
    for bucket in 0..<buckets {
      let found = try records(of: bucket, in: file, count: recordBytes)
      #expect(Set(found) == Set(expected[bucket]) && found.count == expected[bucket].count)
    }
    #expect(file.byteCount == count * recordBytes)
  }

  @Test("a file goes on where its table was kept, and gives space back bucket by bucket")
  func resume() throws {
    let path = folder.path + "/buckets"
    let memory = Room.large.memory(buckets: 3, threads: 1, recordBytes: 5)
    var table: [[BucketFile.Block]] = []
    do {
      let file = try BucketFile(path: path, bucketCount: 3, bufferBytes: 0)
      let groups = BucketGroups(file, recordBytes: 5, memory)
      for number in 0..<90_000 {
        try add(bytes(of: UInt64(number), count: 5), to: number % 3, of: groups)
      }
      try groups.flush()
      table = file.table()
      // Forgotten, since the table was taken before.
      for _ in 0..<90_000 { try add([9, 9, 9, 9, 9], to: 1, of: groups) }
      try groups.flush()
    }
    let file = try BucketFile(path: path, resuming: table, bufferBytes: 0)
    let groups = BucketGroups(file, recordBytes: 5, memory)
    for number in 90_000..<180_000 {
      try add(bytes(of: UInt64(number), count: 5), to: number % 3, of: groups)
    }
    try groups.flush()
    file.release(0)
    for bucket in 1..<3 {
      let found = try records(of: bucket, in: file, count: 5)
      let expected = stride(from: bucket, to: 180_000, by: 3)
        .map { bytes(of: UInt64($0), count: 5) }
      #expect(Set(found) == Set(expected) && found.count == expected.count)
    }
  }
}
