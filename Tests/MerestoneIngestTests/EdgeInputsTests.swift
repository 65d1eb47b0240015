import Glibc
import MerestoneCore
import MerestoneTestSupport
import Synchronization
import Testing

@testable import MerestoneIngest

/// What a sink saw of each file.
private final class Seen: Sendable {
  struct File: Equatable {
    var pairs: [String] = []
    var rows: [Int] = []
    var ends: [TextPosition] = []
  }

  let files: Mutex<[File]>
  let entered = Mutex<Set<Int>>([])
  let overlapped = Atomic<Bool>(false)
  let fileBytes = Atomic<Int>(0)

  init(_ count: Int) { files = Mutex(.init(repeating: File(), count: count)) }

  func add(_ file: Int, _ batch: EdgeBatch) {
    if !entered.withLock({ $0.insert(file).inserted }) {
      overlapped.store(true, ordering: .relaxed)
    }
    var pairs: [String] = []
    for index in 0..<batch.count {
      pairs.append("\(batch.sources.text(index))>\(batch.destinations.text(index))")
    }
    files.withLock { files in
      files[file].pairs += pairs
      files[file].rows.append(batch.firstRow)
      files[file].ends.append(batch.end)
    }
    _ = entered.withLock { $0.remove(file) }
  }
}

private func readAll(
  _ readers: [EdgeListReader], threads: Int, memory: Int = 1 << 24,
  from starts: [TextPosition?] = [], cancellation: Cancellation? = nil
) throws(IngestError) -> Seen {
  let seen = Seen(readers.count)
  try EdgeInputs(readers: readers).read(
    from: starts, pool: ThreadPool(threads: threads), memory: memory, cancellation: cancellation,
    progress: { seen.fileBytes.add($0, ordering: .relaxed) }, wrapping: { $0 },
    sink: { (file, batch) throws(IngestError) in seen.add(file, batch) })
  return seen
}

@Suite("Several edge files at the same time")
struct EdgeInputsTests {
  private func text(_ file: Int, rows: Int) -> String {
    var generator = SplitMix64(seed: UInt64(file))
    var text = ""
    for row in 0..<rows {
      text += "\(file * 100_000 + row)\t\(UInt32.random(in: 0...9999, using: &generator))\n"
      if row % 97 == 5 { text += "# note\n\n" }
    }
    return text
  }

  @Test(
    "give the batches of each file, in order, at any number of threads and any memory",
    arguments: [(1, 1), (2, 1), (2, 1 << 24), (3, 40_000), (4, 1 << 26)])
  func sameBatches(threads: Int, memory: Int) throws {
    let folder = try InputFolder()
    var options = EdgeListReader.Options()
    options.batchBytes = 1000
    var readers: [EdgeListReader] = []
    var expected: [Seen.File] = []
    let kinds: [Compression?] = [nil, .gzip, nil, .zstd, .lz4, .gzip, nil, nil]
    for (index, kind) in kinds.enumerated() {
      let bytes = Array(text(index, rows: index == 2 ? 3000 : 400).utf8)
      let path = try folder.file(
        "edges\(index).tsv" + (kind.map { ".\($0.fileExtension)" } ?? ""),
        kind.map { compressed(bytes, $0) } ?? bytes)
      readers.append(try EdgeListReader.open(path, options: options))
    }
    let pairs = (0..<70_000).map { UInt32($0) }
    readers.append(try EdgeListReader.open(folder.file("edges.u32", littleEndian(pairs))))
    readers.append(
      try EdgeListReader.open(folder.file("edges.u32.zst", zstd(littleEndian(pairs)))))
    for reader in readers {
      let single = Seen(1)
      let stream = try reader.stream(pool: ThreadPool(threads: 1))
      while let batch = try stream.next() { single.add(0, batch) }
      expected.append(single.files.withLock { $0[0] })
    }
    let seen = try readAll(readers, threads: threads, memory: memory)
    #expect(seen.files.withLock { $0 } == expected)
    let overlapped = seen.overlapped.load(ordering: .relaxed)
    let fileBytes = seen.fileBytes.load(ordering: .relaxed)
    #expect(!overlapped)
    #expect(fileBytes == readers.reduce(0) { $0 + $1.fileBytes })
  }

  @Test("can be read on from the end of any batch", arguments: [1, 3])
  func resume(threads: Int) throws {
    let folder = try InputFolder()
    var options = EdgeListReader.Options()
    options.batchBytes = 500
    let bytes = Array(("# columns: src\tdst\n" + text(7, rows: 300)).utf8.dropLast())
    let pairs = npy("<i4", [100_000, 2], littleEndian((0..<200_000).map { Int32($0) }))
    let halves = npy("<i4", [2, 100_000], littleEndian((0..<200_000).map { Int32($0) }))
    for path in try [
      folder.file("a.tsv", bytes), folder.file("b.tsv.gz", gzip(bytes)),
      folder.file("c.npy", pairs), folder.file("d.npy.lz4", lz4(pairs)),
      folder.file("e.npy", halves), folder.file("f.u32", [UInt8](repeating: 1, count: 800_000)),
    ] {
      let reader = try EdgeListReader.open(path, options: options)
      let whole = try readAll([reader], threads: threads).files.withLock { $0[0] }
      #expect(whole.rows.count > 1)
      for (index, end) in whole.ends.enumerated() where index % 3 == 0 {
        let rest = try readAll([reader], threads: threads, from: [end]).files.withLock { $0[0] }
        let first = index + 1 < whole.rows.count ? whole.rows[index + 1] : whole.pairs.count
        #expect(rest.pairs == Array(whole.pairs[first...]))
        #expect(rest.rows == Array(whole.rows[(index + 1)...]))
        #expect(rest.ends == Array(whole.ends[(index + 1)...]))
      }
    }
  }

  @Test("report the fault of a file after its earlier edges, with its line")
  func faults() throws {
    let folder = try InputFolder()
    var options = EdgeListReader.Options()
    options.batchBytes = 400
    let bad = try folder.file("bad.tsv", text(1, rows: 200) + "x\t1\n")
    let good = try folder.file("good.tsv.zst", zstd(Array(text(2, rows: 50).utf8)))
    let lines = text(1, rows: 200).split(separator: "\n", omittingEmptySubsequences: false).count
    for threads in 1...3 {
      let readers = try [good, bad].map { try EdgeListReader.open($0, options: options) }
      #expect(
        thrown { () throws(IngestError) in try readAll(readers, threads: threads) }
          == .notAnInteger(TextPlace(file: bad, line: lines), column: "column1", found: "x"))
    }
    let cut = Array(zstd(Array(text(2, rows: 60_000).utf8)).dropLast(9))
    let path = try folder.file("cut.tsv.zst", cut)
    let readers = try [path, good].map { try EdgeListReader.open($0, options: options) }
    #expect(
      thrown { () throws(IngestError) in try readAll(readers, threads: 2) }
        == .truncatedStream(path, kind: .zstd, byteOffset: cut.count))
    let long = try folder.file(
      "long.tsv", "1\t2\n" + String(repeating: "1", count: 401) + "\t2\n")
    let reader = try EdgeListReader.open(long, options: options)
    #expect(
      thrown { () throws(IngestError) in try readAll([reader], threads: 2) }
        == .lineTooLong(TextPlace(file: long, line: 2), limitBytes: 400))
  }

  @Test("end with what the sink throws, and when they are cancelled")
  func stops() throws {
    struct Full: Error, Equatable {}
    let folder = try InputFolder()
    var options = EdgeListReader.Options()
    options.batchBytes = 1000
    let paths = try (0..<3).map {
      try folder.file("\($0).tsv.gz", gzip(Array(text($0, rows: 2000).utf8)))
    }
    let readers = try paths.map { try EdgeListReader.open($0, options: options) }
    #expect(throws: Full()) {
      try EdgeInputs(readers: readers).read(
        pool: ThreadPool(threads: 2), memory: 1 << 20, wrapping: { _ in Full() },
        sink: { (file, _) throws(Full) in if file == 1 { throw Full() } })
    }
    let cancellation = Cancellation()
    let pipe = try Pipe()
    options.standardInput = StandardInput(descriptor: pipe.reader)
    try pipe.write("1\t2\n3\t4\n")
    options.ids = .integer
    options.format = .u32
    let waiting = try EdgeListReader.open("-", options: options)
    cancellation.cancel()
    #expect(
      thrown { () throws(IngestError) in
        try readAll([waiting], threads: 2, cancellation: cancellation)
      } == .interrupted)
  }

  @Test("of no files are no edges")
  func none() throws {
    _ = try readAll([], threads: 2)
  }
}

@Suite("The standard input")
struct StandardInputTests {
  @Test("is read like a file, plain or compressed, alone or beside files", arguments: [0, 1, 2])
  func same(kind: Int) throws {
    let folder = try InputFolder()
    var text = "src,dst,weight,mark,stamp\n"
    for row in 0..<30_000 { text += "\(row),\(row * 7),0.5,m\(row % 3),\(row)\n" }
    let path = try folder.file("edges.csv", text)
    let bytes = Array(text.utf8)
    let input = try folder.file("in", [bytes, gzip(bytes), zstd(bytes)][kind])
    let file = open(input, O_RDONLY)
    defer { close(file) }
    var options = EdgeListReader.Options()
    options.format = .csv
    options.standardInput = StandardInput(descriptor: file)
    let expected = try readEdges(path)
    #expect(expected.columns.count == 3)
    #expect(try readEdges("-", options: options) == expected)
    var again = try EdgeListReader.open(path)
    #expect(again.isRepeatable)
    again = try EdgeListReader.open("\(folder.path)/edges.csv")
    #expect(
      thrown { () throws(IngestError) in try readEdges("-", options: options) }
        == .readTwice("standard input"))
  }

  @Test("does not keep files waiting, and arrives in pieces")
  func slow() throws {
    let folder = try InputFolder()
    let pipe = try Pipe()
    var options = EdgeListReader.Options()
    options.standardInput = StandardInput(descriptor: pipe.reader)
    try pipe.write("1\t2\n3\t4\n")
    // The rest comes when the other file is through.
    let other = try EdgeListReader.open(folder.file("a.tsv", "5\t6\n"))
    options.format = .tsv
    let thread = try #require(
      BackgroundThread {
        usleep(20_000)
        try? pipe.write("7\t")
        usleep(20_000)
        try? pipe.write("8\n")
        pipe.closeWriter()
      })
    let reader = try EdgeListReader.open("-", options: options)
    let seen = try readAll([reader, other], threads: 1)
    thread.join()
    #expect(seen.files.withLock { $0.map(\.pairs) } == [["1>2", "3>4", "7>8"], ["5>6"]])
  }

  @Test("says where a value does not fit the type of the first rows")
  func types() throws {
    let folder = try InputFolder()
    var text = "# columns: src\tdst\tmark\n"
    for row in 0..<400 { text += "\(row)\t1\t\(row == 399 ? "late" : "\(row)")\n" }
    let input = try folder.file("in", text)
    let file = open(input, O_RDONLY)
    defer { close(file) }
    var options = EdgeListReader.Options()
    options.batchBytes = 256
    options.standardInput = StandardInput(descriptor: file)
    #expect(
      thrown { () throws(IngestError) in try readEdges("-", options: options) }
        == .typeChanged(
          TextPlace(file: "standard input", line: 401), column: "mark", found: "late",
          expected: "integers"))
  }

  @Test("that is empty is named")
  func empty() throws {
    let pipe = try Pipe()
    pipe.closeWriter()
    var options = EdgeListReader.Options()
    options.standardInput = StandardInput(descriptor: pipe.reader)
    #expect(
      thrown { () throws(IngestError) in try readEdges("-", options: options) }
        == .emptyFile("standard input"))
  }
}

/// A pipe; both ends are closed with it.
final class Pipe: Sendable {
  struct Failure: Error {}

  let reader: Int32
  private let writer: Mutex<Int32>

  init() throws {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else { throw Failure() }
    reader = ends[0]
    writer = Mutex(ends[1])
  }

  deinit {
    closeWriter()
    close(reader)
  }

  func write(_ text: String) throws {
    let bytes = Array(text.utf8)
    let count = writer.withLock { Glibc.write($0, bytes, bytes.count) }
    guard count == bytes.count else { throw Failure() }
  }

  func closeWriter() {
    writer.withLock { end in
      if end >= 0 { close(end) }
      end = -1
    }
  }
}
