import MerestoneCore
import MerestoneTensor
import MerestoneTestSupport
import Testing

@Suite("Gradients")
struct GradientTests {
  @Test("of a product, written out")
  func productByHand() throws {
    // y = x w with x = [1 2; 3 4], w = [5 6; 7 8], gy = [1 0; 0 2]:
    // gx = gy wᵀ = [5 7; 12 16], gw = xᵀ gy = [1 6; 2 8].
    let space = workspace()
    let tape = Tape(workspace: space)
    let x = tape.leaf(space.tensor(rows: 2, columns: 2, [1, 2, 3, 4]))
    let w = tape.leaf(space.tensor(rows: 2, columns: 2, [5, 6, 7, 8]))
    let y = tape.matmul(x, w)
    #expect(y.value.elements == [19, 22, 43, 50])
    tape.backward(from: y, seed: space.tensor(rows: 2, columns: 2, [1, 0, 0, 2]))
    #expect(try #require(tape.gradient(of: x)).elements == [5, 7, 12, 16])
    #expect(try #require(tape.gradient(of: w)).elements == [1, 6, 2, 8])
  }

  @Test("of the mean over a block, written out")
  func meanByHand() throws {
    // Destination 0 hears sources 2, 2 and 1; destination 1 nobody:
    // y0 = (2 x2 + x1) / 3, y1 = 0; with gy0 = 3: gx = (0, 1, 2).
    let block = Block(
      sources: [NodeID(9), NodeID(4), NodeID(6)], destinationCount: 2, indptr: [0, 3, 3],
      indices: [BlockIndex(2), BlockIndex(2), BlockIndex(1)],
      edges: [EdgeID(0), EdgeID(1), EdgeID(2)])
    let space = workspace()
    let tape = Tape(workspace: space)
    let x = tape.leaf(space.tensor(rows: 3, columns: 1, [100, 3, 6]))
    let y = tape.blockMean(x, block)
    #expect(y.value.elements == [5, 0])
    tape.backward(from: y, seed: space.tensor(rows: 2, columns: 1, [3, 8]))
    #expect(try #require(tape.gradient(of: x)).elements == [0, 1, 2])
  }

  @Test("of cross-entropy, written out")
  func crossEntropyByHand() throws {
    // Equal scores of 4 classes: loss ln 4 a row; gradient 1/4 - onehot; nothing without a label.
    let space = workspace()
    let tape = Tape(workspace: space)
    let z = tape.leaf(space.zeros(rows: 3, columns: 4))
    let (loss, figures) = tape.crossEntropy(z, labels: [0, -1, 2])
    #expect(abs(figures.sum - 2 * 1.386294361) < 1e-8)
    #expect(figures.count == 2 && figures.correct == 1)
    tape.backward(from: loss)
    #expect(
      try #require(tape.gradient(of: z)).elements
        == [-0.75, 0.25, 0.25, 0.25, 0, 0, 0, 0, 0.25, 0.25, -0.75, 0.25])
  }

  @Test("of dense operations agree with differences", arguments: 0..<4 as Range<UInt64>)
  func denseOperations(seed: UInt64) {
    let n = [1, 2, 5, 9][Int(seed)]
    let (k, m) = (3, 4)
    let x = GradientInput(rows: n, columns: k)
    let w = GradientInput(rows: k, columns: m)
    let bias = GradientInput(rows: 1, columns: m)
    checkGradient(seed: seed, [x, w]) { $0.matmul($1[0], $1[1]) }
    checkGradient(seed: seed, [GradientInput(rows: n, columns: m), bias]) {
      $0.addBias($1[0], $1[1])
    }
    checkGradient(seed: seed, [x, x]) { $0.add($1[0], $1[1]) }
    checkGradient(seed: seed, [x]) { $0.add($1[0], $1[0]) }
    checkGradient(seed: seed, [x]) { $0.scale($1[0], by: -2.5) }
    checkGradient(seed: seed, [x]) { $0.relu($1[0]) }
    checkGradient(seed: seed, [x]) { tape, v in tape.add(tape.relu(v[0]), v[0]) }
    checkGradient(seed: seed, [x]) { $0.normalizeRows($1[0]) }
    checkGradient(seed: seed, [x]) { tape, v in tape.add(v[0], tape.normalizeRows(v[0])) }
    checkGradient(seed: seed, [x]) { $0.prefix($1[0], rows: (n + 1) / 2) }
    checkGradient(seed: seed, [x, w, x, w, bias]) {
      $0.linear([($1[0], $1[1]), ($1[2], $1[3])], bias: $1[4])
    }
    checkGradient(seed: seed, [x, w]) { $0.linear([($1[0], $1[1]), ($1[0], $1[1])]) }
  }

  @Test("of the fused layer with relu and dropout agree with those of its parts")
  func fusedLayer() throws {
    var generator = SplitMix64(seed: 5)
    let space = workspace(threads: 2)
    let (n, k, m) = (700, 6, 10)
    let values = [
      space.tensor(rows: n, columns: k, randomElements(n * k, using: &generator)),
      space.tensor(rows: k, columns: m, randomElements(k * m, using: &generator)),
      space.tensor(rows: 1, columns: m, randomElements(m, using: &generator)),
    ]
    let dropout = Dropout(
      rate: 0.3, key: RandomKey(seed: 3, stream: .dropout),
      nodes: (0..<n).map { NodeID(UInt64($0)) })
    let seedElements = randomElements(n * m, using: &generator)
    func gradients(_ build: (Tape, [Variable]) -> Variable) throws -> [[Float]] {
      let tape = Tape(workspace: space)
      let leaves = values.map { tape.leaf($0) }
      let result = build(tape, leaves)
      let outputs = result.value.elements
      tape.backward(from: result, seed: space.tensor(rows: n, columns: m, seedElements))
      return try [outputs] + leaves.map { try #require(tape.gradient(of: $0)).elements }
    }
    for mask in [nil, dropout] {
      for activation in [Activation.none, .relu] {
        let fused = try gradients {
          $0.linear(
            [(input: $1[0], weight: $1[1])], bias: $1[2], activation: activation, dropout: mask)
        }
        let parts = try gradients { tape, v in
          var result = tape.addBias(tape.matmul(v[0], v[1]), v[2])
          if activation == .relu { result = tape.relu(result) }
          return mask.map { tape.dropout(result, $0) } ?? result
        }
        let wrong = zip(fused.joined(), parts.joined()).count {
          abs($0 - $1) > 1e-4 * max(1, abs($1))
        }
        #expect(wrong == 0)
      }
    }
  }

  @Test("of block operations agree with differences", arguments: 0..<8 as Range<UInt64>)
  func blockOperations(seed: UInt64) {
    var generator = SplitMix64(seed: seed)
    let d = Int.random(in: 1...5, using: &generator)
    let s = d + Int.random(in: 0...5, using: &generator)
    let block = randomBlock(destinations: d, sources: s, maximumDegree: 4, using: &generator)
    let x = GradientInput(rows: s, columns: Int.random(in: 1...5, using: &generator))
    checkGradient(seed: seed, [x]) { $0.blockMean($1[0], block) }
    checkGradient(seed: seed, [x]) { tape, v in
      tape.add(tape.prefix(v[0], rows: d), tape.blockMean(v[0], block))
    }
    checkGradient(seed: seed, [x]) { tape, v in
      tape.add(tape.blockMean(v[0], block), tape.prefix(v[0], rows: d))
    }
    let edge = randomElements(block.edgeCount, using: &generator)
    let own = randomElements(d, using: &generator)
    checkGradient(seed: seed, [x]) {
      $0.blockWeightedSum($1[0], block, edgeCoefficients: edge, selfCoefficients: own)
    }
    checkGradient(seed: seed, [x]) { $0.blockWeightedSum($1[0], block, edgeCoefficients: edge) }
    let degrees = (0..<s).map { _ in Int.random(in: 0...9, using: &generator) }
    checkGradient(seed: seed, [x]) { tape, v in
      tape.aggregate(v[0], .symmetric(block, degrees: degrees, in: tape.workspace))
    }
    let positions = (0..<7).map { _ in
      BlockIndex(UInt32.random(in: 0..<UInt32(s), using: &generator))
    }
    checkGradient(seed: seed, [x]) { $0.gatherRows($1[0], positions) }
  }

  @Test("of a block with one node and no edges are zeros")
  func loneNode() throws {
    let block = Block(
      sources: [NodeID(1)], destinationCount: 1, indptr: [0, 0], indices: [], edges: [])
    checkGradient(seed: 1, [GradientInput(rows: 1, columns: 3)]) { $0.blockMean($1[0], block) }
    checkGradient(seed: 1, [GradientInput(rows: 1, columns: 3)]) {
      $0.blockWeightedSum($1[0], block, edgeCoefficients: [], selfCoefficients: [2])
    }
  }

  @Test("of dropout agree with differences")
  func dropout() {
    let nodes = (0..<5).map { NodeID(UInt64($0) << 33) }
    let mask = Dropout(rate: 0.4, key: RandomKey(seed: 1, stream: .dropout), nodes: nodes)
    checkGradient(seed: 1, [GradientInput(rows: 5, columns: 7)]) { $0.dropout($1[0], mask) }
  }

  @Test("of cross-entropy agree with differences", arguments: 0..<4 as Range<UInt64>)
  func crossEntropy(seed: UInt64) {
    let labels: [Int32] = [0, 3, -1, 2, 2]
    checkGradient(seed: seed, [GradientInput(rows: 5, columns: 4)]) {
      $0.crossEntropy($1[0], labels: labels).loss
    }
  }

  @Test("are added to what a parameter's gradient holds")
  func parametersAccumulate() {
    let space = workspace()
    let set = ParameterSet([.init(name: "w", rows: 1, columns: 2)], in: space)
    set.load([3, 4])
    for _ in 0..<2 {
      let tape = Tape(workspace: space)
      let w = tape.parameter(set.parameters[0].value, gradient: set.parameters[0].gradient)
      let x = tape.constant(space.tensor(rows: 2, columns: 1, [1, 10]))
      tape.backward(from: tape.matmul(x, w))
    }
    #expect(set.gradients.elements == [22, 22])
    set.zeroGradients()
    #expect(set.gradients.elements == [0, 0])
  }
}
