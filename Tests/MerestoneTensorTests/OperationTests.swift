import MerestoneCore
import MerestoneTensor
import MerestoneTestSupport
import Testing

@Suite("Tensor operations")
struct OperationTests {
  @Test("aggregation agrees with a plain loop to the bit", arguments: 0..<12 as Range<UInt64>)
  func aggregationAgainstLoop(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let d = Int.random(in: 1...90, using: &generator)
    let s = d + Int.random(in: 0...40, using: &generator)
    let f = [1, 3, 8, 63, 64, 65, 100, 128, 130, 16, 47, 200][Int(seed)]
    let block = randomBlock(destinations: d, sources: s, maximumDegree: 9, using: &generator)
    let x = randomElements(s * f, using: &generator)
    let edge = randomElements(block.edgeCount, using: &generator)
    let own = randomElements(d, using: &generator)
    let space = workspace(threads: 2)
    let rows = space.tensor(rows: s, columns: f, x)
    let weighted = space.aggregate(
      rows, .weighted(block, edgeCoefficients: edge, selfCoefficients: own, in: space))
    let mean = space.aggregate(rows, .mean(block, in: space))
    var wrong = 0
    for row in 0..<d {
      for column in 0..<f {
        var sum = own[row] * x[row * f + column]
        var plain: Float = 0
        for e in block.indptr[row]..<block.indptr[row + 1] {
          let value = x[Int(block.indices[e].rawValue) * f + column]
          sum += edge[e] * value
          plain += value
        }
        let degree = block.indptr[row + 1] - block.indptr[row]
        if weighted[row, column] != sum { wrong += 1 }
        if mean[row, column] != plain * (1 / Float(max(1, degree))) { wrong += 1 }
      }
    }
    #expect(wrong == 0)
  }

  @Test("sums of edges in parts have the bits of all at once", arguments: 0..<8 as Range<UInt64>)
  func parts(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let d = Int.random(in: 1...40, using: &generator)
    let s = d + Int.random(in: 0...40, using: &generator)
    let f = [1, 63, 64, 65, 100, 128, 47, 200][Int(seed)]
    let block = randomBlock(destinations: d, sources: s, maximumDegree: 30, using: &generator)
    let x = randomElements(s * f, using: &generator)
    let degrees = (0..<s).map { _ in Int.random(in: 0...50, using: &generator) }
    let space = workspace(threads: 2)
    let rows = space.tensor(rows: s, columns: f, x)
    let own = space.tensor(rows: d, columns: f, Array(x[..<(d * f)]))
    var mean = NeighborSums.mean(rows: d, columns: f, in: space)
    var symmetric = NeighborSums.symmetric(own: own, degrees: Array(degrees[..<d]), in: space)
    var place = 0
    var from = 0
    while place < d {
      // Some whole lists, or a piece of the first.
      let last = Int.random(in: place..<d, using: &generator)
      let start = max(from, block.indptr[place])
      let end =
        last > place
        ? block.indptr[last + 1]
        : Int.random(in: start...block.indptr[place + 1], using: &generator)
      let count = last - place + 1
      // The part numbers its own destinations first.
      let order = Array(place...last) + Array(0..<s)
      let part = Block(
        sources: order.map { block.sources[$0] }, destinationCount: count,
        indptr: (0...count).map {
          min(max(block.indptr[place + $0], start), end) - start
        },
        indices: block.indices[start..<end].map { BlockIndex($0.rawValue + UInt32(count)) },
        edges: Array(block.edges[start..<end]))
      let partRows = space.tensor(
        rows: order.count, columns: f, order.flatMap { x[$0 * f..<($0 + 1) * f] })
      mean.add(part, at: place, rows: partRows)
      symmetric.add(part, at: place, rows: partRows, degrees: order.map { degrees[$0] })
      from = end
      place = end == block.indptr[last + 1] ? last + 1 : place
    }
    #expect(mean.finish().elements == space.aggregate(rows, .mean(block, in: space)).elements)
    #expect(
      symmetric.finish().elements
        == space.aggregate(rows, .symmetric(block, degrees: degrees, in: space)).elements)
  }

  @Test("the symmetric normalisation weighs a path of three nodes as on paper")
  func symmetricByHand() {
    // 0 - 1 - 2 with degrees 1, 2, 1, plus self-loops: 1/(1+1) at the ends' own rows, 1/3 at the
    // middle's, 1/sqrt(2 * 3) between.
    let block = Block(
      sources: [NodeID(0), NodeID(1), NodeID(2)], destinationCount: 3, indptr: [0, 1, 3, 4],
      indices: [BlockIndex(1), BlockIndex(0), BlockIndex(2), BlockIndex(1)],
      edges: (0..<4).map { EdgeID(UInt64($0)) })
    let space = workspace()
    let identity = space.tensor(rows: 3, columns: 3, [1, 0, 0, 0, 1, 0, 0, 0, 1])
    let result = space.aggregate(identity, .symmetric(block, degrees: [1, 2, 1], in: space))
    let edge = 1 / Float(6).squareRoot()
    let expected: [Float] = [0.5, edge, 0, edge, 1.0 / 3, edge, 0, edge, 0.5]
    for (found, expected) in zip(result.elements, expected) {
      #expect(abs(found - expected) < 1e-6)
    }
  }

  @Test("any number of threads gives the same bits", arguments: [2, 3, 4])
  func threads(count: Int) throws {
    func run(_ threads: Int) throws -> [[Float]] {
      var generator = SplitMix64(seed: 11)
      let space = workspace(threads: threads)
      let (d, s, f, m) = (1300, 2100, 37, 29)
      let block = randomBlock(destinations: d, sources: s, maximumDegree: 6, using: &generator)
      let tape = Tape(workspace: space)
      let x = tape.leaf(space.tensor(rows: s, columns: f, randomElements(s * f, using: &generator)))
      let w = tape.leaf(space.tensor(rows: f, columns: m, randomElements(f * m, using: &generator)))
      let u = tape.leaf(space.tensor(rows: f, columns: m, randomElements(f * m, using: &generator)))
      let b = tape.leaf(space.tensor(rows: 1, columns: m, randomElements(m, using: &generator)))
      let mask = Dropout(
        rate: 0.5, key: RandomKey(seed: 1, stream: .dropout), nodes: block.sources)
      let own = tape.prefix(x, rows: d)
      let y = tape.linear(
        [(own, w), (tape.blockMean(x, block), u)], bias: b, activation: .relu, dropout: mask)
      let z = tape.normalizeRows(tape.addBias(tape.add(y, tape.scale(y, by: 0.5)), b))
      let labels = (0..<d).map { Int32($0 % (m + 1)) - 1 }
      let (loss, figures) = tape.crossEntropy(z, labels: labels)
      tape.backward(from: loss)
      return try [[Float(figures.sum)], y.value.elements]
        + [x, w, u, b].map { try #require(tape.gradient(of: $0)).elements }
    }
    #expect(try run(1) == run(count))
  }

  @Test("softmax, log-softmax and argmax of extreme rows stay finite")
  func predictions() {
    let space = workspace()
    let x = space.tensor(rows: 3, columns: 3, [1000, 0, -1000, 2, 2, 1, -5, -5, -5])
    let softmax = space.softmaxRows(x)
    #expect(softmax[0, 0] == 1 && softmax[0, 2] == 0)
    #expect(abs(softmax[2, 1] - 1.0 / 3) < 1e-7)
    #expect(space.logSoftmaxRows(x)[0, 2] == -2000)
    #expect(space.argmaxRows(x) == [0, 0, 0])
    #expect(space.argmaxRows(space.tensor(rows: 2, columns: 3, [1, 3, 2, 0, 0, 1])) == [1, 2])
  }

  @Test("rows of zeros are normalised to zeros")
  func normalizeZeros() {
    let space = workspace()
    let y = space.normalizeRows(space.tensor(rows: 2, columns: 2, [0, 0, 3, 4]))
    #expect(y.elements == [0, 0, 0.6, 0.8])
  }

  @Test("empty matrices pass through every operation")
  func empty() {
    let space = workspace(threads: 2)
    let tape = Tape(workspace: space)
    let x = tape.leaf(space.zeros(rows: 0, columns: 3))
    let w = tape.leaf(space.zeros(rows: 3, columns: 2))
    let y = tape.linear([(x, w)], activation: .relu)
    let (loss, figures) = tape.crossEntropy(y, labels: [])
    tape.backward(from: loss)
    #expect(figures == LossSum())
    #expect(tape.gradient(of: w)?.elements == [Float](repeating: 0, count: 6))
  }

  @Test("borrowed rows are read where they lie and refused after the call")
  func borrowed() async {
    let space = workspace()
    let rows: [Float] = [1, 2, 3, 4]
    let doubled = Tensor.withBorrowed(rows.span, rows: 2, columns: 2) { tensor in
      space.scale(tensor, by: 2).elements
    }
    #expect(doubled == [2, 4, 6, 8])
    await #expect(processExitsWith: .failure) {
      let rows: [Float] = [1, 2]
      let kept = Tensor.withBorrowed(rows.span, rows: 1, columns: 2) { $0 }
      _ = kept.elements
    }
    await #expect(processExitsWith: .failure) {
      let rows: [Float] = [1, 2]
      Tensor.withBorrowed(rows.span, rows: 1, columns: 2) { $0.withMutableSpan { $0[0] = 5 } }
    }
  }

  @Test("a block with a source beyond its sources is refused")
  func badBlock() async {
    await #expect(processExitsWith: .failure) {
      let block = Block(
        sources: [NodeID(0)], destinationCount: 1, indptr: [0, 1], indices: [BlockIndex(1)],
        edges: [EdgeID(0)])
      _ = Aggregation.mean(block, in: Workspace(threads: ThreadPool(threads: 1)))
    }
  }

  @Test("a repeated computation allocates nothing fresh")
  func steadyState() {
    var generator = SplitMix64(seed: 2)
    let space = workspace(threads: 2)
    let block = randomBlock(destinations: 600, sources: 900, maximumDegree: 5, using: &generator)
    let features = space.tensor(rows: 900, columns: 20, randomElements(18_000, using: &generator))
    let set = ParameterSet([.init(name: "w", rows: 20, columns: 30)], in: space)
    let tape = Tape(workspace: space)
    func step() {
      let w = tape.parameter(set.parameters[0].value, gradient: set.parameters[0].gradient)
      let mean = tape.blockMean(tape.constant(features), block)
      tape.backward(from: tape.relu(tape.linear([(mean, w)], activation: .relu)))
      tape.reset()
    }
    step()
    let after = space.pool.freshAllocationCount
    for _ in 0..<5 { step() }
    #expect(space.pool.freshAllocationCount == after)
  }

  @Test("a wide core raises no warning, a narrow one does only where AVX-512 is there")
  func coreWarning() {
    #expect(BLAS.warning(core: "Haswell", hasAVX512: false) == nil)
    #expect(BLAS.warning(core: "SkylakeX", hasAVX512: true) == nil)
    #expect(BLAS.warning(core: "Haswell", hasAVX512: true)?.contains("OPENBLAS_CORETYPE") == true)
    #expect(!BLAS.coreName.isEmpty)
  }
}
