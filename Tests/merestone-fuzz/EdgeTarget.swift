import MerestoneCore
import MerestoneIngest
import MerestoneTestSupport

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
    let first = Self.outcome(path, options, Pools.one)
    if Int.random(in: 0..<4, using: &generator) == 0 {
      let second = Self.outcome(path, options, Pools.two)
      if first != second {
        throw Fault(description: "one thread reads \(first), two threads \(second)")
      }
    }
    if let error = first.error { throw error }
  }

  /// What a reader delivers, up to its error.
  private struct Outcome: Equatable {
    var sources: [RawIDColumn] = []
    var destinations: [RawIDColumn] = []
    var error: IngestError?

    static func == (a: Self, b: Self) -> Bool {
      func ids(_ parts: [RawIDColumn]) -> [String] {
        parts.flatMap { part in (0..<part.count).map { part.text($0) } }
      }
      return ids(a.sources) == ids(b.sources) && ids(a.destinations) == ids(b.destinations)
        && a.error.map { "\($0)" } == b.error.map { "\($0)" }
    }
  }

  private static func outcome(
    _ path: String, _ options: EdgeListReader.Options, _ pool: ThreadPool
  ) -> Outcome {
    var outcome = Outcome()
    do throws(IngestError) {
      var reader = try EdgeListReader.open(path, options: options)
      try reader.inferColumnTypes(pool: pool)
      let stream = try reader.stream(pool: pool)
      while let batch = try stream.next() {
        guard batch.destinations.count == batch.count, batch.count > 0 else {
          preconditionFailure("a batch of \(batch.count) sources, \(batch.destinations.count)")
        }
        outcome.sources.append(batch.sources)
        outcome.destinations.append(batch.destinations)
      }
    } catch {
      outcome.error = error
    }
    return outcome
  }
}
