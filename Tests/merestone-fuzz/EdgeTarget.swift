import MerestoneCore
import MerestoneIngest
import MerestoneTestSupport
import Synchronization

/// Edge lists: text, pairs, arrays, plain or compressed, as the names of the files say.
struct EdgeTarget: FuzzTarget {
  let name: String
  let inputs: [FuzzFile]
  /// Inputs that are changed first and packed then, so that the reader gets past the checksums.
  var plain: [FuzzFile] = []

  func input(using generator: inout SplitMix64) -> [FuzzFile] {
    if !plain.isEmpty, Bool.random(using: &generator) { return [packed(using: &generator)] }
    var file = inputs.randomElement(using: &generator)!
    Mutator.mutate(&file.bytes, others: inputs.map(\.bytes), using: &generator)
    return [file]
  }

  /// A changed input in one to three members of a packed file.
  private func packed(using generator: inout SplitMix64) -> FuzzFile {
    let packers: [(suffix: String, pack: ([UInt8]) -> [UInt8])] = [
      (".gz", gzip), (".zst", zstdFrame), (".lz4", lz4Frame),
    ]
    var file = plain.randomElement(using: &generator)!
    let packer = packers.randomElement(using: &generator)!
    if Int.random(in: 0..<4, using: &generator) > 0 {
      Mutator.mutate(&file.bytes, others: plain.map(\.bytes), using: &generator)
    }
    var members: [UInt8] = []
    for _ in 0..<Int.random(in: 0...2, using: &generator) {
      let count = Int.random(in: 0...file.bytes.count, using: &generator)
      members += packer.pack(Array(file.bytes.prefix(count)))
      file.bytes.removeFirst(count)
    }
    members += packer.pack(file.bytes)
    if Int.random(in: 0..<4, using: &generator) == 0 {
      Mutator.mutate(&members, others: [file.bytes], using: &generator)
    }
    return FuzzFile(path: file.path + packer.suffix, bytes: members)
  }

  func read(_ input: [FuzzFile], in folder: String, using generator: inout SplitMix64) throws {
    var options = EdgeListReader.Options()
    options.ids = IDKind.allCases.randomElement(using: &generator)!
    options.batchBytes = [64, 256, 4096, 1 << 20].randomElement(using: &generator)!
    options.readsColumns = Int.random(in: 0..<4, using: &generator) > 0
    options.allowsEmpty = Bool.random(using: &generator)
    options.hasHeader = [nil, nil, true, false].randomElement(using: &generator)!
    if Int.random(in: 0..<4, using: &generator) == 0 {
      options.mapping = try ColumnMapping(
        parsing: ["src=dst,dst=src", "weight=x", "dst=1", "time=time,src=u"]
          .randomElement(using: &generator)!)
    }
    let path = folder + "/" + input[0].path
    let first = Self.outcome(Pools.one, path, options)
    let second: Outcome?
    switch Int.random(in: 0..<8, using: &generator) {
    case 0, 1: second = Self.outcome(Pools.two, path, options)
    case 2, 3:
      let memory = [0, 1 << 16, 1 << 24].randomElement(using: &generator)!
      // The fault of one file may end the reading of another.
      second = Self.outcomeOfAll(
        first.error == nil ? [path, path] : [path], options, memory: memory)
    case 4, 5:
      let index = first.ends.indices.randomElement(using: &generator)
      if let index, let end = first.ends[index] {
        second = Self.outcome(Pools.two, path, options, behind: first, index, end)
      } else {
        second = nil
      }
    default: second = nil
    }
    if let second, first != second {
      throw Fault(description: "one thread reads \(first), another way \(second)")
    }
    if let error = first.error { throw error }
  }

  /// What a reader delivers, up to its error.
  private struct Outcome: Equatable, CustomStringConvertible {
    var sources: [RawIDColumn] = []
    var destinations: [RawIDColumn] = []
    /// Where each batch ends, to resume there.
    var ends: [TextPosition?] = []
    var error: IngestError?

    var description: String {
      "\(sources.reduce(0) { $0 + $1.count }) edges in \(sources.count) batches, "
        + "then \(error.map { "\($0)" } ?? "the end")"
    }

    mutating func append(_ batch: EdgeBatch) {
      precondition(
        batch.count > 0 && batch.destinations.count == batch.count, "a batch that is no batch")
      sources.append(batch.sources)
      destinations.append(batch.destinations)
      ends.append(batch.end)
    }

    static func == (a: Self, b: Self) -> Bool {
      func ids(_ parts: [RawIDColumn]) -> [String] {
        parts.flatMap { part in (0..<part.count).map { part.text($0) } }
      }
      return ids(a.sources) == ids(b.sources) && ids(a.destinations) == ids(b.destinations)
        && a.error.map { "\($0)" } == b.error.map { "\($0)" }
    }
  }

  private static func reader(
    _ path: String, _ options: EdgeListReader.Options, _ pool: ThreadPool
  ) throws(IngestError) -> EdgeListReader {
    var reader = try EdgeListReader.open(path, options: options)
    try reader.inferColumnTypes(pool: pool)
    return reader
  }

  /// All edges batch by batch; or the first batches of an earlier reading, and the rest resumed.
  private static func outcome(
    _ pool: ThreadPool, _ path: String, _ options: EdgeListReader.Options,
    behind earlier: Outcome? = nil, _ index: Int = 0, _ start: TextPosition? = nil
  ) -> Outcome {
    var outcome = Outcome()
    if let earlier {
      outcome.sources = Array(earlier.sources[...index])
      outcome.destinations = Array(earlier.destinations[...index])
    }
    do throws(IngestError) {
      let stream = try reader(path, options, pool).stream(from: start, pool: pool)
      while let batch = try stream.next() { outcome.append(batch) }
    } catch {
      outcome.error = error
    }
    return outcome
  }

  /// The first file of a run that reads several at the same time.
  private static func outcomeOfAll(
    _ paths: [String], _ options: EdgeListReader.Options, memory: Int
  ) -> Outcome {
    let outcome = Mutex(Outcome())
    do throws(IngestError) {
      var readers: [EdgeListReader] = []
      for path in paths { readers.append(try reader(path, options, Pools.two)) }
      try EdgeInputs(readers: readers).read(
        pool: Pools.two, memory: memory, wrapping: { $0 },
        sink: { file, batch throws(IngestError) in
          let batch = batch
          if file == 0 { outcome.withLock { $0.append(batch) } }
        })
    } catch {
      outcome.withLock { $0.error = error }
    }
    return outcome.withLock { $0 }
  }
}
