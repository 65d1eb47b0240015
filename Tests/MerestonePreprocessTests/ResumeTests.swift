import FoundationEssentials
import MerestoneCore
import MerestonePartition
import MerestonePreprocess
import MerestoneStorage
import MerestoneTestSupport
import Testing

@Suite("Resuming preprocessing")
struct ResumeTests {
  let folder = ScratchFolder()

  /// Cancels when a stage begins.
  final class Canceller: ProgressListener {
    let stage: String
    let cancellation = Cancellation()
    init(_ stage: String) { self.stage = stage }
    func begin(stage: String, total: Int?, unit: String) {
      if stage == self.stage { cancellation.cancel() }
    }
    func advance(by count: Int) {}
    func end(summary: String) {}
    func warn(_ message: String) {}
  }

  /// Edges between 40 nodes that a table lists.
  func options(graph: String, words: Bool) -> PreprocessOptions {
    var generator = SplitMix64(seed: 5)
    var text = "# columns: src\tdst\tweight\n"
    for _ in 0..<400 {
      let ends = (0..<2).map { _ in Int.random(in: 0..<40, using: &generator) * 7 }
      let id = words ? "n" : ""
      text += "\(id)\(ends[0])\t\(id)\(ends[1])\t\(ends[0] % 3)\n"
    }
    var options = folder.options(folder.write("edges.tsv", text), graph: graph)
    options.partition = PartitionOptions(shards: 2, partitioner: .ldg)
    return options
  }

  @Test(
    "work that is cancelled in any stage goes on and gives the bytes of undisturbed work",
    arguments: [
      "read edges", "number nodes", "count", "group edges", "neighbors", "partition", "route",
      "write edges", "nodes", "finish",
    ], [false, true])
  func cancelled(stage: String, words: Bool) throws {
    var plain = options(graph: "plain", words: words)
    plain.isUndirected = stage == "group edges" || stage == "count"
    plain.encoding = words ? .both : .lz4
    _ = try Preprocess(plain).run()

    var resumed = options(graph: "graph", words: words)
    resumed.encoding = plain.encoding
    resumed.isUndirected = plain.isUndirected
    let canceller = Canceller(stage)
    #expect(throws: PreprocessError.interrupted) {
      try Preprocess(resumed).run(progress: canceller, cancellation: canceller.cancellation)
    }
    #expect(canceller.cancellation.isCancelled)
    #expect(!folder.exists("graph") && folder.exists("graph.partial"))
    if stage == "finish" {
      // As if it had been killed while it wrote the manifest.
      TestFile.write([1], to: "\(folder.path)/graph.partial/manifest.json.partial")
    }
    resumed.resumes = true
    resumed.threads = 1
    let report = try Preprocess(resumed).run()
    #expect(report.counts.inputEdges == 400)
    #expect(try folder.files(of: "graph") == folder.files(of: "plain"))
    #expect(
      folder.entries.filter { $0.hasPrefix("graph") } == ["graph"])
  }

  /// Interrupts a run when a stage begins.
  private func interrupt(_ options: PreprocessOptions, at stage: String) {
    let canceller = Canceller(stage)
    #expect(throws: PreprocessError.interrupted) {
      try Preprocess(options).run(progress: canceller, cancellation: canceller.cancellation)
    }
  }

  @Test("a journal that was changed is refused, and one of an earlier version")
  func damagedJournal() throws {
    var options = options(graph: "graph", words: false)
    _ = try Preprocess(self.options(graph: "plain", words: false)).run()
    interrupt(options, at: "route")
    options.resumes = true
    let path = folder.path + "/graph.temporary/journal.json"
    let whole = TestFile.read(path)
    for byte in stride(from: 0, to: whole.count, by: 97) {
      TestFile.flip(path, byte: byte, bit: byte % 8)
      #expect(throws: PreprocessError.journalUnreadable(path: path), "byte \(byte)") {
        try Preprocess(options).run()
      }
      TestFile.write(whole, to: path)
    }
    for length in [0, 1, 42, whole.count / 2, whole.count - 1] {
      TestFile.write(Array(whole[..<length]), to: path)
      #expect(refusal(options).contains("is damaged"), "\(length) bytes")
    }
    TestFile.write(Array(#"{"identity":{},"version":2}"#.utf8), to: path)
    #expect(refusal(options).contains("journal version 2"))
    // Nothing of that was in the way of going on.
    TestFile.write(whole, to: path)
    _ = try Preprocess(options).run()
    #expect(try folder.files(of: "graph") == folder.files(of: "plain"))
  }

  @Test(
    "a temporary file that was changed is found where it is needed",
    arguments: [("count", true), ("partition", false), ("write edges", true)])
  func damagedFiles(stage: String, words: Bool) throws {
    var plain = options(graph: "plain", words: words)
    plain.isUndirected = stage == "count"
    _ = try Preprocess(plain).run()
    var options = plain
    options.output = "\(folder.path)/graph"
    interrupt(options, at: stage)
    options.resumes = true
    let places = ["graph.temporary", "graph.partial"].map { "\(folder.path)/\($0)" }
    for place in places { try FileManager.default.copyItem(atPath: place, toPath: place + ".kept") }
    for name in TemporaryFolder.entries(places[0] + ".kept") where name != "journal.json" {
      for place in places {
        try? FileManager.default.removeItem(atPath: place)
        try FileManager.default.copyItem(atPath: place + ".kept", toPath: place)
      }
      let path = "\(places[0])/\(name)"
      let bytes = TestFile.read(path).count
      if bytes == 0 { continue }
      TestFile.flip(path, byte: bytes / 2, bit: 0)
      do throws(PreprocessError) {
        _ = try Preprocess(options).run()
        #expect(!name.hasPrefix("dictionary-"), "\(name) was believed")
        #expect(try! folder.files(of: "graph") == folder.files(of: "plain"), "\(name)")
        try! FileManager.default.removeItem(atPath: options.output)
      } catch {
        switch error {
        case .storage(.wrongChecksum(_, _, _, _, _)), .partition(.neighbors(_)): break
        default: Issue.record("\(name): \(error)")
        }
      }
    }
  }

  @Test("other flags and changed inputs are refused with the reason")
  func differences() throws {
    var options = options(graph: "graph", words: false)
    let canceller = Canceller("route")
    #expect(throws: PreprocessError.interrupted) {
      try Preprocess(options).run(progress: canceller, cancellation: canceller.cancellation)
    }
    options.resumes = true
    var other = options
    other.partition.shards = 3
    #expect(refusal(other).contains("--shards was 2 and is 3"))
    folder.write("edges.tsv", "1\t2\n")
    #expect(refusal(options).contains("edges.tsv has changed"))
    // Without --resume the work begins anew.
    options.resumes = false
    #expect(try Preprocess(options).run().edges == 1)
  }

  private func refusal(_ options: PreprocessOptions) -> String {
    do throws(PreprocessError) {
      _ = try Preprocess(options).run()
      return "nothing was refused"
    } catch {
      #expect(error.exitCode == 64)
      return error.description
    }
  }

  @Test("resuming where nothing is to do, or nothing was begun, is fine")
  func nothing() throws {
    var options = options(graph: "graph", words: false)
    options.resumes = true
    let first = try Preprocess(options).run()
    let files = try folder.files()
    let again = try Preprocess(options).run()
    #expect(again.edges == first.edges)
    #expect(try folder.files() == files)
  }

  @Test("without a resume, what a cancelled run left makes room for the next")
  func anew() throws {
    var options = options(graph: "graph", words: true)
    let canceller = Canceller("write edges")
    #expect(throws: PreprocessError.interrupted) {
      try Preprocess(options).run(progress: canceller, cancellation: canceller.cancellation)
    }
    options.partition.shards = 1
    _ = try Preprocess(options).run()
    #expect(folder.entries == ["edges.tsv", "graph"])
  }
}
