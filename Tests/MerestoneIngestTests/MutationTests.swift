import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneIngest

/// Small valid files, mutated at random: reading gives a result or an error, never a crash.
@Suite("Mutated input")
struct MutationTests {
  private static let seeds: [(name: String, bytes: [UInt8])] = [
    ("edges.tsv", Array("# columns: src\tdst\n1\t2\n33\t4\n5\t123456789012\n".utf8)),
    ("edges.csv", Array("src,dst,weight,split\n1,2,0.5,train\n3,4,-,-\n".utf8)),
    ("edges.txt", Array("a b\nc   d\n\n# x\ne f\n".utf8)),
    ("edges.u32", littleEndian([1, 2, 3, 4] as [UInt32])),
    ("edges.npy", npy("<i4", [2, 2], littleEndian([1, 2, 3, 4] as [Int32]))),
    ("edges.npy", npy("<u2", [2, 3], littleEndian([1, 2, 3, 4, 5, 6] as [UInt16]))),
    ("edges.tsv.gz", gzip(Array("1\t2\n3\t4\n".utf8)) + gzip(Array("5\t6\n".utf8))),
    ("edges.tsv.zst", zstd(Array("1\t2\n3\t4\n".utf8)) + zstd(Array("5\t6\n".utf8))),
    ("edges.tsv.lz4", lz4(Array("1\t2\n3\t4\n".utf8)) + lz4(Array("5\t6\n".utf8))),
    ("edges.csv", Array("src,dst,note\n\"1\",2,\"a,\"\"b\"\"\"\n3,4,\"\"\n".utf8)),
    ("nodes.tsv", Array("# columns: id\tlabel\tsplit\tx\n1\t0\ttrain\t5\n2\t-\t-\ta\n".utf8)),
    ("features.npy", npy("<f4", [2, 2], littleEndian([1, 2, 3, 4] as [Float]))),
    ("features.npz", csr(data: [1, 2], indices: [0, 2], indptr: [0, 1, 2], shape: [2, 3])),
    (
      "features.npz",
      csr(
        data: littleEndian([1, 2] as [Float]), type: "<f4", indices: [0, 2], indptr: [0, 1, 2],
        shape: [2, 3], deflate: true, wide: true)
    ),
  ]

  @Test("never crashes a reader", arguments: 0..<60 as Range<UInt64>)
  func mutated(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let folder = try InputFolder()
    for (name, original) in Self.seeds {
      for _ in 0..<4 {
        var bytes = original
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
          mutate(&bytes, using: &generator)
        }
        let path = try folder.file(name, bytes)
        let error = thrown { () throws(IngestError) in try read(path, name: name) }
        if let error { #expect("\(error)".count > 20) }
      }
    }
  }

  private func mutate(_ bytes: inout [UInt8], using generator: inout SplitMix64) {
    guard !bytes.isEmpty else { return }
    let place = Int.random(in: 0..<bytes.count, using: &generator)
    switch Int.random(in: 0..<7, using: &generator) {
    case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
    case 1: bytes[place] = UInt8.random(in: 0...255, using: &generator)
    case 2: bytes.removeSubrange(place...)
    case 3: bytes.remove(at: place)
    case 4: bytes.insert(bytes[place], at: place)
    case 5: bytes.insert(contentsOf: bytes[place...], at: place)
    default: bytes[place] = Array("\t\n\r #-0,9\"\u{7f}".utf8).randomElement(using: &generator)!
    }
  }

  private func read(_ path: String, name: String) throws(IngestError) {
    if name.hasPrefix("edges") {
      for ids in IDKind.allCases {
        var options = EdgeListReader.Options()
        options.ids = ids
        options.batchBytes = 64
        do throws(IngestError) {
          _ = try readEdges(path, options: options)
        } catch  where ids != .string {
          _ = error
        }
      }
    } else if name.hasPrefix("nodes") {
      _ = try NodeTable.read(path, pool: ThreadPool(threads: 1))
    } else {
      let reader = try FeatureReader.open(path)
      // A mutated shape may ask for terabytes of zeros.
      guard reader.rowCount < 1000, reader.width < 1000 else { return }
      let stream = try reader.stream(batchBytes: 8)
      while try stream.next() != nil {}
    }
  }
}
