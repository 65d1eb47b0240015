import Foundation
import MerestoneCore
import MerestoneStorage
import Testing

@testable import MerestoneIngest

@Suite("Kronecker graphs")
struct KroneckerTests {
  @Test("the same bytes at any number of threads, and in every format the same edges")
  func sameBytes() throws {
    let folder = try InputFolder()
    let generator = try KroneckerGenerator(scale: 9, edgeFactor: 300, seed: 7)
    #expect(generator.edgeCount == 153_600)
    let expected = (0..<generator.edgeCount).map { generator.edge($0) }
    for threads in 1...3 {
      let pool = ThreadPool(threads: threads)
      let written = try generator.write(to: "\(folder.path)/\(threads)/deep", pool: pool)
      #expect(written.nodes == 512 && written.edges == 153_600)
      let bytes = try Data(contentsOf: URL(fileURLWithPath: written.files[0]))
      let values = expected.flatMap { [UInt32($0.source), UInt32($0.destination)] }
      #expect(Array(bytes) == littleEndian(values))
    }
    let pool = ThreadPool(threads: 2)
    for format in [KroneckerGenerator.Format.tsv, .u64] {
      let written = try generator.write(to: folder.path, format: format, pool: pool)
      let edges = try readEdges(written.files[0])
      #expect(edges.pairs == expected.map { "\($0.source)>\($0.destination)" })
    }
    #expect(throws: IngestError.outputExists("\(folder.path)/edges.tsv")) {
      try generator.write(to: folder.path, format: .tsv, pool: pool)
    }
  }

  @Test("ids are scrambled by a bijection", arguments: 1...12)
  func bijection(bits: Int) {
    for seed in 0..<3 as Range<UInt64> {
      let draws = RandomKey(seed: seed, stream: .generator, step: 1).draws
      let scramble = IDScramble(bits: bits, draws: draws)
      let images = Set((0..<UInt64(1) << UInt64(bits)).map { scramble.apply($0) })
      #expect(images.count == 1 << bits)
      #expect(images.max()! < 1 << UInt64(bits))
    }
  }

  @Test("each level of the recursion has the four probabilities")
  func probabilities() {
    let table = QuadrantTable(probabilities: (0.57, 0.19, 0.19, 0.05))
    let draws = RandomKey(seed: 1, stream: .generator).draws
    let expected = [0.57, 0.19, 0.19, 0.05]
    var counts = [[Int]](repeating: [0, 0, 0, 0], count: 7)
    let samples = 40_000
    for sample in 0..<samples {
      let (row, column) = table.pick(draws.words(entity: UInt64(sample), number: 0).x)
      for level in 0..<7 {
        counts[level][Int(row >> UInt64(level) & 1) * 2 + Int(column >> UInt64(level) & 1)] += 1
      }
    }
    for level in counts {
      for (count, probability) in zip(level, expected) {
        let deviation = (Double(samples) * probability * (1 - probability)).squareRoot()
        #expect(abs(Double(count) - Double(samples) * probability) < 5 * deviation)
      }
    }
  }

  @Test("all bits of the ids are used at every scale", arguments: [1, 2, 7, 8, 28, 29, 33, 44])
  func scales(scale: Int) throws {
    let generator = try KroneckerGenerator(scale: scale, edgeFactor: 1, seed: 3)
    var seen: UInt64 = 0
    for index in 0..<500 {
      let edge = generator.edge(index)
      #expect(edge.source < 1 << UInt64(scale) && edge.destination < 1 << UInt64(scale))
      seen |= edge.source
    }
    #expect(seen == 1 << UInt64(scale) - 1)
  }

  @Test("numbers of every length are written")
  func decimals() {
    var values: [UInt64] = [0, .max, 1 << 63]
    var power: UInt64 = 1
    for _ in 0..<20 {
      values += [power, power &- 1, power &+ 1, power &* 7 &+ 3]
      power = power &* 10
    }
    values += (0..<2000).map { $0 * 4_999_957 }
    for value in values {
      var bytes: [UInt8] = []
      bytes.append(addingCapacity: 20) { $0.appendDecimal(value) }
      #expect(String(decoding: bytes, as: UTF8.self) == String(value))
    }
  }

  @Test("parameters out of range")
  func parameters() {
    #expect(
      thrown { () throws(IngestError) in try KroneckerGenerator(scale: 60, seed: 1) }
        == .invalidParameter(name: "--scale", found: "60", allowed: "1...44"))
    #expect(
      "\(IngestError.invalidParameter(name: "--scale", found: "60", allowed: "1...44"))"
        == "--scale is 60, allowed is 1...44")
  }
}

@Suite("Planted communities")
struct CommunitiesTests {
  private func parameters(nodes: Int, seed: UInt64 = 1) -> CommunitiesGenerator.Parameters {
    var parameters = CommunitiesGenerator.Parameters()
    parameters.nodes = nodes
    parameters.seed = seed
    return parameters
  }

  @Test("the same bytes at any number of threads")
  func sameBytes() throws {
    let folder = try InputFolder()
    var small = parameters(nodes: 5000)
    small.features = 7
    var first: [Data] = []
    for threads in 1...3 {
      let pool = ThreadPool(threads: threads)
      let written = try CommunitiesGenerator(small, pool: pool).write(
        to: "\(folder.path)/\(threads)", pool: pool)
      let files = try written.files.map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
      if threads == 1 { first = files }
      #expect(files == first)
    }
    let pool = ThreadPool(threads: 2)
    let generator = try CommunitiesGenerator(small, pool: pool)
    let binary = try generator.write(to: "\(folder.path)/u32", format: .u32, pool: pool)
    #expect(
      try readEdges(binary.files[3]).pairs == readEdges("\(folder.path)/1/edges.tsv").pairs)
  }

  @Test("the layout is read back, without loops and repeated pairs", arguments: [1, 2] as [UInt64])
  func readBack(seed: UInt64) throws {
    let folder = try InputFolder()
    let pool = ThreadPool(threads: 2)
    let generator = try CommunitiesGenerator(parameters(nodes: 4000, seed: seed), pool: pool)
    let written = try generator.write(to: folder.path, pool: pool)
    let layout = try InputLayout.discover(folder.path)
    #expect(layout.nodes != nil && layout.features != nil)
    let table = try NodeTable.read(layout.nodes!, pool: pool)
    #expect(table.ids == .integers((0..<4000).map { UInt64($0) }))
    #expect(table.labels?.classCount == 12)
    let train = Double(table.splits!.count { $0 == 1 }) / 4000
    #expect(abs(train - 0.3) < 0.04)

    let edges = try readEdges(layout.edges)
    #expect(edges.sources.count == written.edges)
    let pairs = Set(
      zip(edges.sources, edges.destinations).map { Set([$0, $1]) })
    #expect(pairs.count == written.edges, "a pair is there twice")
    #expect(pairs.allSatisfy { $0.count == 2 }, "a self-loop")
    #expect(abs(Double(written.edges) / 4000 - 10) < 0.5, "mean degree of about 20")

    let classes = generator.model.classes
    let inside = zip(edges.sources, edges.destinations).count {
      classes[Int($0)!] == classes[Int($1)!]
    }
    #expect(abs(Double(inside) / Double(written.edges) - 0.64) < 0.04)

    var degrees = [Int](repeating: 0, count: 4000)
    for node in edges.sources + edges.destinations { degrees[Int(node)!] += 1 }
    #expect(degrees.max()! > 150 && degrees.sorted()[2000] < 18, "a heavy tail")

    let features = try FeatureReader.open(layout.features!)
    #expect(features.rowCount == 4000 && features.width == 64 && features.element == .f32)
  }

  @Test("features alone tell about 62% of the labels, neighbours more than 85%")
  func accuracy() throws {
    let pool = ThreadPool(threads: 2)
    let nodes = 6000
    let generator = try CommunitiesGenerator(parameters(nodes: nodes), pool: pool)
    let model = generator.model
    let width = 64
    var share = (0..<12).map { 1 / Float($0 + 1).squareRoot() }
    let total = share.reduce(0, +)
    share = share.map { $0 / total }
    var values: [UInt32] = []
    for node in 0..<nodes { model.appendFeatures(node, to: &values) }
    // Logarithm of each class's likelihood: x . mean, all means having one length, plus the prior.
    var scores = [[Float]](repeating: [], count: nodes)
    for node in 0..<nodes {
      scores[node] = (0..<12).map { label in
        var dot: Float = 0
        for feature in 0..<width {
          dot +=
            Float(bitPattern: values[node * width + feature])
            * model.means[label * width + feature]
        }
        return dot + log(share[label])
      }
    }
    // What a neighbour says about a class: inside it with the probability of homophily, else
    // anywhere (one step of belief propagation).
    let messages = scores.map { row in
      let weights = row.map { exp($0 - row.max()!) }
      let total = weights.reduce(0, +)
      return weights.enumerated().map { log(0.6 * $1 / total / share[$0] + 0.4) }
    }
    var summed = scores
    var targets = OwnedTargets()
    for node in 0..<nodes {
      model.draw(node, into: &targets)
      for target in targets.nodes {
        for label in 0..<12 {
          summed[node][label] += messages[Int(target)][label]
          summed[Int(target)][label] += messages[node][label]
        }
      }
    }
    func accuracy(_ scores: [[Float]]) -> Double {
      let right = (0..<nodes).count { node in
        scores[node].firstIndex(of: scores[node].max()!) == model.labelAndSplit(node).label
      }
      return Double(right) / Double(nodes)
    }
    let alone = accuracy(scores)
    let neighbours = accuracy(summed)
    #expect(alone > 0.58 && alone < 0.67, "\(alone)")
    #expect(neighbours > 0.85, "\(neighbours)")
  }

  @Test("tiny and extreme graphs", arguments: [1, 2, 3, 20])
  func tiny(nodes: Int) throws {
    let folder = try InputFolder()
    let pool = ThreadPool(threads: 2)
    var extreme = parameters(nodes: nodes)
    extreme.meanDegree = 50
    extreme.homophily = 1
    extreme.features = 1
    let written = try CommunitiesGenerator(extreme, pool: pool).write(
      to: folder.path, pool: pool)
    #expect(written.edges <= nodes * (nodes - 1) / 2)
  }

  @Test("a cancelled generator leaves no edges")
  func cancellation() throws {
    let folder = try InputFolder()
    let pool = ThreadPool(threads: 1)
    let cancellation = Cancellation()
    cancellation.cancel()
    let generator = try CommunitiesGenerator(parameters(nodes: 100), pool: pool)
    #expect(throws: IngestError.interrupted) {
      try generator.write(to: folder.path, pool: pool, cancellation: cancellation)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test("a generator that fails leaves nothing of its own and everything else")
  func failure() throws {
    let folder = try InputFolder()
    let pool = ThreadPool(threads: 1)
    let generator = try CommunitiesGenerator(parameters(nodes: 100), pool: pool)
    for place in ["new", "old"] {
      let path = "\(folder.path)/\(place)"
      let manager = FileManager.default
      if place == "old" {
        try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
        _ = try folder.file("old/mine.txt", "x")
      }
      let error = thrown { () throws(IngestError) in
        try GeneratorOutput.making(["nodes.tsv", "features.npy"], in: path) {
          () throws(IngestError) in
          var output = try GeneratorOutput(path: "\(path)/nodes.tsv")
          try output.append([1])
          try output.finish()
          throw .cannotWrite(path, code: 28)
        }
      }
      #expect(error == .cannotWrite(path, code: 28))
      #expect(manager.fileExists(atPath: path) == (place == "old"))
    }
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: "\(folder.path)/old") == ["mine.txt"])
    _ = try generator.write(to: "\(folder.path)/new", pool: pool)
    #expect(
      thrown { () throws(IngestError) in try generator.write(to: "\(folder.path)/new", pool: pool) }
        == .outputExists("\(folder.path)/new/nodes.tsv"))
    #expect(FileManager.default.fileExists(atPath: "\(folder.path)/new/edges.tsv"))
  }

  @Test("parameters out of range")
  func invalid() {
    var bad = parameters(nodes: 0)
    let pool = ThreadPool(threads: 1)
    #expect(
      thrown { () throws(IngestError) in try CommunitiesGenerator(bad, pool: pool) }
        == .invalidParameter(name: "--nodes", found: "0", allowed: "1...4294967295"))
    bad.nodes = 10
    bad.homophily = .nan
    #expect(thrown { () throws(IngestError) in try CommunitiesGenerator(bad, pool: pool) } != nil)
  }
}
