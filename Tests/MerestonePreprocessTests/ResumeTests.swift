import FoundationEssentials
import MerestoneCore
import MerestonePartition
import MerestonePreprocess
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
    _ = try Preprocess(plain).run()

    var resumed = options(graph: "graph", words: words)
    resumed.isUndirected = plain.isUndirected
    let canceller = Canceller(stage)
    #expect(throws: PreprocessError.interrupted) {
      try Preprocess(resumed).run(progress: canceller, cancellation: canceller.cancellation)
    }
    #expect(canceller.cancellation.isCancelled)
    #expect(!folder.exists("graph") && folder.exists("graph.partial"))
    resumed.resumes = true
    resumed.threads = 1
    let report = try Preprocess(resumed).run()
    #expect(report.counts.inputEdges == 400)
    #expect(try folder.files(of: "graph") == folder.files(of: "plain"))
    #expect(
      folder.entries.filter { $0.hasPrefix("graph") } == ["graph"])
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
