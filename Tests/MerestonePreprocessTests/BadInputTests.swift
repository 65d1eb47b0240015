import MerestoneCore
import MerestoneIngest
import MerestonePartition
import MerestonePreprocess
import MerestoneStorage
import Testing

@Suite("Preprocessing bad input")
struct BadInputTests {
  let folder = ScratchFolder()

  /// Expects an error with this exit code whose message has all `parts`, and nothing left behind.
  func expectFailure(
    _ options: PreprocessOptions, code: Int32, _ parts: String...,
    location: SourceLocation = #_sourceLocation
  ) {
    let before = folder.entries
    do throws(PreprocessError) {
      _ = try Preprocess(options).run()
      Issue.record("this should have failed", sourceLocation: location)
    } catch {
      #expect(error.exitCode == code, "\(error)", sourceLocation: location)
      for part in parts {
        #expect(error.description.contains(part), "\(error)", sourceLocation: location)
      }
    }
    #expect(folder.entries == before, sourceLocation: location)
  }

  @Test("each kind of bad edge text names file, line and mend")
  func edgeText() {
    let cases: [(String, String)] = [
      ("1\t2\n3\n", "line 2"), ("1\t2\n3\tx\n", "line 2"),
      ("1\t2\n3\t99999999999999999999\n", "64 bits"), ("", "empty"), ("# a\n# b\n", "no data"),
      ("1\t2\n\u{0}\t3\n", "NUL"),
    ]
    for (index, (text, part)) in cases.enumerated() {
      let path = folder.write("bad\(index).tsv", text)
      expectFailure(folder.options(path), code: 65, "bad\(index).tsv", part)
    }
    let invalid = folder.write("utf8.tsv", bytes: Array("a\tb\n".utf8) + [0xff, 9, 0x61, 10])
    expectFailure(folder.options(invalid), code: 65, "utf8.tsv, line 2", "UTF-8")
  }

  @Test("missing files, odd lengths and truncated gzip are refused")
  func files() {
    expectFailure(folder.options("\(folder.path)/none.tsv"), code: 65, "none.tsv", "no such file")
    let odd = folder.write("odd.u32", bytes: [1, 0, 0, 0, 2, 0, 0])
    expectFailure(folder.options(odd), code: 65, "odd.u32")
    let zipped = folder.write("cut.tsv.gz", bytes: [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x33])
    expectFailure(folder.options(zipped), code: 65, "cut.tsv.gz")
    var options = folder.options(folder.write("edges.tsv", "1\t2\n"))
    options.nodes = "\(folder.path)/none.tsv"
    expectFailure(options, code: 65, "none.tsv")
  }

  @Test("bad node tables are refused")
  func nodeTables() {
    var options = folder.options(folder.write("edges.tsv", "1\t2\n"))
    options.nodes = folder.write("split.tsv", "# columns: id\tsplit\n1\ttrain\n2\toften\n")
    expectFailure(options, code: 65, "split.tsv, line 3", "often")
    options.nodes = folder.write("twice.tsv", "# columns: id\n1\n2\n1\n")
    expectFailure(options, code: 65, "twice.tsv", "4")
    options.nodes = folder.write("types.tsv", "# columns: id\ttype\n1\tauthor\n2\t-\n")
    expectFailure(options, code: 65, "types.tsv, line 3", "has no type")
  }

  @Test("features with the wrong number of rows or NaN are refused")
  func features() {
    func array(rows: Int, _ values: [Float]) -> [UInt8] {
      let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), 1), }"
      let padded = header + String(repeating: " ", count: 117 - header.count) + "\n"
      return [0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0] + Array(padded.utf8)
        + littleEndian(values.map(\.bitPattern))
    }
    var options = folder.options(folder.write("edges.tsv", "1\t2\n"))
    options.nodes = folder.write("nodes.tsv", "# columns: id\n1\n2\n")
    options.features = folder.write("rows.npy", bytes: array(rows: 3, [1, 2, 3]))
    expectFailure(options, code: 65, "rows.npy", "3", "2")
    options.features = folder.write("nan.npy", bytes: array(rows: 2, [1, .nan]))
    expectFailure(options, code: 65, "nan.npy, row 1")
    options.edges = [folder.write("words.tsv", "a\tb\n")]
    options.nodes = nil
    expectFailure(options, code: 65, "--nodes")
  }

  @Test("more shards than nodes, unsupported flags and a cap that is too small are refused")
  func usage() {
    let edges = folder.write("edges.tsv", "1\t2\n2\t3\n")
    var options = folder.options(edges)
    options.partition.shards = 4
    expectFailure(options, code: 65, "4 shards", "at most 3")
    options.partition.shards = 0
    expectFailure(options, code: 64, "--shards")
    options = folder.options(edges)
    options.duplicates = .sum
    expectFailure(options, code: 64, "--duplicates sum", "weight=NAME")
    options = folder.options(edges)
    options.memory = ByteCount(1 << 20)
    expectFailure(options, code: 64, "1.00 MiB", "--memory")
    options = folder.options(edges)
    options.partition.imbalance = -1
    expectFailure(options, code: 64, "--imbalance")
  }

  @Test("an output that exists or has no folder is refused")
  func output() {
    let edges = folder.write("edges.tsv", "1\t2\n2\t3\n")
    expectFailure(folder.options(edges, graph: "edges.tsv"), code: 64, "exists already")
    expectFailure(folder.options(edges, graph: "no/such/graph"), code: 64, "no folder")
  }

  @Test("files with different columns do not make one edge list")
  func columns() {
    let options = folder.options(
      folder.write("a.tsv", "# columns: src\tdst\ttime\n1\t2\t3\n"), folder.write("b.tsv", "1\t2\n")
    )
    expectFailure(options, code: 65, "b.tsv", "[time]")
  }

  @Test("headers with absurd counts are refused")
  func absurdHeaders() {
    func header(_ shape: String) -> [UInt8] {
      let text = "{'descr': '|u1', 'fortran_order': False, 'shape': (\(shape)), }\n"
      return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.utf8.count), 0] + Array(text.utf8)
    }
    // Gzip with stored blocks: a compressed file's size says nothing about its content's.
    func gzip(_ bytes: [UInt8]) -> [UInt8] {
      let (low, high) = (UInt8(bytes.count & 255), UInt8(bytes.count >> 8))
      return [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0, low, high, ~low, ~high] + bytes
    }
    let edges = folder.write(
      "huge.npy", bytes: gzip(header("288230376151711744, 2") + [UInt8](repeating: 0, count: 100)))
    expectFailure(folder.options(edges), code: 65, "huge.npy", "ends too early")
    var options = folder.options(folder.write("edges.tsv", "1\t2\n"))
    options.features = folder.write(
      "huge-features.npy", bytes: gzip(header("1152921504606846976, 1")))
    expectFailure(options, code: 65, "more than the 4,294,967,295 nodes")
  }

  @Test("the memory that a refusal names is enough, for words that seldom repeat as well")
  func memoryForWords() throws {
    var text = ""
    var state: UInt64 = 1
    for _ in 0..<60_000 {
      var ends: [UInt64] = []
      for _ in 0..<2 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        ends.append((state >> 33) % 100_000)
      }
      text += "a-rather-long-name-\(ends[0])\tanother-rather-long-name-\(ends[1])\n"
    }
    var options = folder.options(folder.write("words.tsv", text))
    options.memory = ByteCount(1 << 20)
    do throws(PreprocessError) {
      _ = try Preprocess(options).run()
      Issue.record("this should have been refused")
    } catch {
      guard case .memory(let needed, _, _, nil) = error else {
        Issue.record("\(error)")
        return
      }
      options.memory = ByteCount(needed)
    }
    // The nodes are known only once they are numbered.
    do throws(PreprocessError) {
      _ = try Preprocess(options).run()
      Issue.record("this should have been refused")
    } catch {
      guard case .memory(let needed, _, 60_000, 90_586) = error else {
        Issue.record("\(error)")
        return
      }
      options.memory = ByteCount(needed)
    }
    #expect(!folder.exists("graph.partial") && !folder.exists("graph.temporary"))
    let report = try Preprocess(options).run()
    #expect(report.predictedPeakBytes <= options.memory.bytes)
  }
}
