import Foundation
import MerestoneCore
import MerestoneTestSupport
import Testing

@Suite("merestone preprocess")
struct PreprocessCommandTests {
  @Test("ends with the counts, the flags that change them and what to do next")
  func summary() {
    let folder = TemporaryFolder()
    let run = merestone(
      "preprocess", TinyGraph.data + "/messages", "--out", folder.file("g"), "--shards", "2")
    #expect(run.status == 0)
    for line in [
      "\(folder.file("g")): 5 nodes, 8 edges, 2 shards", "  8 edges read",
      "  1 self-loops kept (--self-loops drop)", "edges are directed (--undirected",
      "  merestone inspect \(folder.file("g"))",
    ] { #expect(run.output.contains(line), "\(line)") }
    #expect(run.notes.contains("read edges"))
  }

  @Test("bad input exits with 65, names the place, and leaves no output")
  func badInput() {
    let folder = TemporaryFolder()
    let gzip: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0x33, 0xE4, 0x34]
    let cases: [(name: String, bytes: [UInt8], flags: [String], text: String)] = [
      ("one-column.tsv", Array("1\t2\n3\n".utf8), [], "line 2"),
      ("word.tsv", Array("1\t2\n1\tx\n".utf8), ["--ids", "integer"], "line 2"),
      ("large.tsv", Array("1\t99999999999999999999\n".utf8), ["--ids", "integer"], "line 1"),
      ("utf8.tsv", Array("a\tb\na\t".utf8) + [0xFF, 0xFE, 0x0A], ["--ids", "string"], "line 2"),
      ("nul.tsv", Array("1\t2\n1\t".utf8) + [0, 0x0A], [], "line 2"),
      ("empty.tsv", [], [], "empty.tsv"),
      ("comments.tsv", Array("# a\n# b\n".utf8), [], "comments.tsv"),
      ("cut.tsv.gz", gzip, [], "cut.tsv.gz"),
      ("odd.u32", [1, 0, 0, 0, 2, 0, 0, 0, 3], [], "odd.u32"),
      ("few.tsv", Array("1\t2\n".utf8), ["--shards", "3"], "--shards"),
    ]
    for (name, bytes, flags, text) in cases {
      TestFile.write(bytes, to: folder.file(name))
      let run = merestone(
        ["preprocess", folder.file(name), "--out", folder.file("g"), "--quiet"] + flags)
      #expect(run.status == 65, "\(name): \(run.notes)")
      #expect(run.notes.hasPrefix("merestone: error: "), "\(name)")
      #expect(run.notes.contains(text), "\(name): \(run.notes)")
      #expect(run.output == "")
      #expect(!folder.names.contains { $0.hasPrefix("g") }, "\(name)")
    }
    #expect(merestone("preprocess", "/nonexistent.tsv", "--out", folder.file("g")).status == 65)
  }

  @Test("wrong usage exits with 64 and leaves no output")
  func badUsage() {
    let folder = TemporaryFolder()
    let edges = TinyGraph.data + "/messages"
    for flags in [
      ["--shards", "0"], ["--partitioner", "metis"], ["--memory", "much"], ["--threads", "0"],
      ["--columns", "src"], ["--imbalance", "x"], ["--memory", "1KiB"], ["--format", "parquet"],
    ] {
      let run = merestone(
        ["preprocess", edges, "--out", folder.file("g"), "--quiet"] + flags)
      #expect(run.status == 64, "\(flags): \(run.notes)")
      #expect(run.notes.hasPrefix("merestone: error: "), "\(flags)")
      #expect(folder.names.isEmpty, "\(flags)")
    }
    #expect(merestone("preprocess", edges).status == 64)
  }

  @Test("an output that exists is refused and stays as it is")
  func exists() {
    let folder = TemporaryFolder()
    let edges = TinyGraph.data + "/messages"
    #expect(merestone("preprocess", edges, "--out", folder.file("g"), "--quiet").status == 0)
    let manifest = TestFile.read(folder.file("g/manifest.json"))
    let run = merestone("preprocess", edges, "--out", folder.file("g"), "--quiet")
    #expect(run.status == 64)
    #expect(run.notes.contains("exists"))
    #expect(TestFile.read(folder.file("g/manifest.json")) == manifest)
  }

  @Test("work that was interrupted exits with 130 and can be resumed")
  func interrupted() {
    let folder = TemporaryFolder()
    let cancellation = Cancellation()
    cancellation.cancel()
    let run = merestone(
      ["preprocess", TinyGraph.data + "/messages", "--out", folder.file("g"), "--quiet"],
      cancellation: cancellation)
    #expect(run.status == 130)
    #expect(run.notes.hasPrefix("merestone: interrupted"))
    #expect(folder.names == ["g.partial", "g.temporary"])
    let again = merestone(
      [
        "preprocess", TinyGraph.data + "/messages", "--out", folder.file("g"), "--quiet",
        "--resume",
      ])
    #expect(again.status == 0)
    #expect(folder.names == ["g"])
  }

  @Test("the same input gives the same bytes with any number of threads")
  func threads() throws {
    let folder = TemporaryFolder()
    let outputs = ["1", "3"].map { threads in
      let path = folder.file("g\(threads)")
      let run = merestone(
        "preprocess", TinyGraph.data + "/club", "--out", path, "--threads", threads, "--quiet",
        "--shards", "3", "--partitioner", "ldg")
      #expect(run.status == 0, "\(run.notes)")
      return path
    }
    for file in try FileManager.default.subpathsOfDirectory(atPath: outputs[0])
    where file.contains(".") && file != "report.json" {
      #expect(TestFile.read("\(outputs[0])/\(file)") == TestFile.read("\(outputs[1])/\(file)"))
    }
  }
}
