import MerestoneCore
import MerestoneNN
import MerestoneTensor
import MerestoneTestSupport
import Testing

@Suite("Models")
struct ModelTests {
  typealias Kind = ModelConfiguration.Kind

  let key = RandomKey(seed: 9, stream: .dropout)

  func workspace(_ threads: Int = 1) -> Workspace {
    Workspace(threads: ThreadPool(threads: threads))
  }

  func tensor(_ rows: [[Float]], in space: Workspace) -> Tensor {
    space.tensor(rows: rows.count, columns: rows.first?.count ?? 0, Array(rows.joined()))
  }

  func configuration(
    _ kind: Kind, inputs: Int = 5, hidden: Int = 7, classes: Int = 3, layers: Int = 2,
    dropout: Double = 0
  ) -> ModelConfiguration {
    ModelConfiguration(
      kind: kind, inputs: inputs, hidden: hidden, classes: classes, layers: layers,
      dropout: dropout)
  }

  @Test(
    "losses and gradients agree with a naive double-precision model",
    arguments: Kind.allCases, 0..<3 as Range<UInt64>)
  func againstNaive(kind: Kind, seed: UInt64) throws {
    // Widths on both sides, so that gcn aggregates before and after its product.
    let inputs = [5, 9, 7][Int(seed)]
    let configuration = configuration(kind, inputs: inputs, layers: seed == 2 ? 3 : 2)
    let graph = ToyGraph.random(nodes: 23, features: inputs, classes: 3, seed: seed)
    let space = workspace(2)
    let model = try Model(configuration, seed: seed, weightDecay: .none, in: space)
    var generator = SplitMix64(seed: seed)
    try model.restore(
      weights: model.weights.map { $0 + Float.random(in: -0.1...0.1, using: &generator) })
    let batch = graph.batch([3, 14, 9, 3, 4], hops: configuration.hopCount)
    let nodes = batch.inputNodes
    let labels: [Int32] = [0, 2, -1, 1, 1]
    let degrees = graph.degrees(of: nodes)
    let result = model.loss(
      batch: batch, features: tensor(graph.rows(of: nodes), in: space), labels: labels,
      degrees: degrees, key: key, training: true)

    var naive = NaiveModel(configuration: configuration, weights: model.weights.map(Double.init))
    let features = graph.rows(of: nodes).map { $0.map(Double.init) }
    func loss() -> Double {
      naive.loss(batch, features: features, labels: labels, degrees: degrees)
    }
    #expect(abs(result.sum - loss()) < 1e-5)
    #expect(result.count == 4)
    let gradients = model.parameters.gradients.elements
    let step = 1e-5
    for index in stride(from: Int(seed), to: gradients.count, by: 5) {
      let value = naive.weights[index]
      naive.weights[index] = value + step
      let above = loss()
      naive.weights[index] = value - step
      let expected = (above - loss()) / (2 * step)
      naive.weights[index] = value
      #expect(
        abs(Double(gradients[index]) - expected) < 1e-4 * max(1, abs(expected)),
        "gradient \(index): \(gradients[index]) instead of \(expected)")
    }
  }

  @Test(
    "losses and gradients are the same bits for any number of threads", arguments: Kind.allCases)
  func threads(kind: Kind) throws {
    let graph = ToyGraph.random(nodes: 1400, features: 12, classes: 3, seed: 4)
    let configuration = configuration(kind, inputs: 12, dropout: 0.5)
    func run(_ threads: Int) throws -> [[Float]] {
      let space = workspace(threads)
      let model = try Model(configuration, seed: 1, weightDecay: .all, in: space)
      let adam = Adam(AdamConfiguration(weightDecay: 0.01), of: model.parameters, in: space)
      let batch = graph.batch(Array(0..<1100), hops: configuration.hopCount)
      let features = tensor(graph.rows(of: batch.inputNodes), in: space)
      var losses: [Float] = []
      for step in 0..<2 {
        model.parameters.zeroGradients()
        let result = model.loss(
          batch: batch, features: features, labels: graph.labels(of: batch.seeds),
          degrees: graph.degrees(of: batch.inputNodes),
          key: RandomKey(seed: 9, stream: .dropout, step: step), training: true)
        losses.append(Float(result.sum))
        adam.step(gradientScale: 1 / Float(result.count))
      }
      return [losses, model.parameters.gradients.elements, model.weights]
    }
    let one = try run(1)
    #expect(try run(2) == one)
    #expect(try run(4) == one)
  }

  @Test("gradients of two batches add up, and an empty batch adds nothing")
  func accumulation() throws {
    let graph = ToyGraph.random(nodes: 30, features: 5, classes: 3, seed: 4)
    let space = workspace()
    let model = try Model(configuration(.sage), seed: 1, weightDecay: .none, in: space)
    func add(_ seeds: [Int]) -> LossSum {
      let batch = graph.batch(seeds, hops: 2)
      return model.loss(
        batch: batch, features: tensor(graph.rows(of: batch.inputNodes), in: space),
        labels: graph.labels(of: batch.seeds), key: key, training: true)
    }
    #expect(add([]) == LossSum())
    let first = add([1, 2])
    let afterFirst = model.parameters.gradients.elements
    let second = add([3])
    let both = model.parameters.gradients.elements
    model.parameters.zeroGradients()
    #expect(add([3]) == second)
    let alone = model.parameters.gradients.elements
    #expect(both == zip(afterFirst, alone).map { $0 + $1 })
    #expect((first + second).count == first.count + second.count)
  }

  @Test("layer-wise inference agrees with full-neighbourhood batches", arguments: Kind.allCases)
  func layerwise(kind: Kind) throws {
    let graph = ToyGraph.random(nodes: 90, features: 9, classes: 4, seed: 6)
    let configuration = configuration(kind, inputs: 9, classes: 4, layers: 3, dropout: 0.5)
    let space = workspace(2)
    let model = try Model(configuration, seed: 3, weightDecay: .none, in: space)
    var rows = graph.features
    for layer in 0..<configuration.layers {
      var next: [[Float]] = []
      for start in stride(from: 0, to: graph.nodeCount, by: 32) {
        let nodes = Array(start..<min(start + 32, graph.nodeCount))
        func summands(of nodes: [NodeID]) -> Tensor {
          let rows = tensor(nodes.map { rows[Int($0.rawValue)] }, in: space)
          return configuration.multipliesFirst(layer: layer)
            ? model.inferProducts(layer, rows: rows) : rows
        }
        let own = summands(of: nodes.map { NodeID(UInt64($0)) })
        var sums = model.neighborSums(
          own: own, degrees: graph.degrees(of: nodes.map { NodeID(UInt64($0)) }))
        for place in nodes.indices {
          let block = graph.block([nodes[place]])
          sums?.add(
            block, at: place, rows: summands(of: block.sources),
            degrees: graph.degrees(of: block.sources))
        }
        let result = model.inferLayer(layer, own: own, neighbors: sums?.finish())
        for row in 0..<result.rows { next.append((0..<result.columns).map { result[row, $0] }) }
      }
      rows = next
    }
    let seeds = [5, 88, 4, 17, 5]
    let batch = graph.batch(seeds, hops: configuration.hopCount)
    let logits = model.logits(
      batch: batch, features: tensor(graph.rows(of: batch.inputNodes), in: space),
      degrees: graph.degrees(of: batch.inputNodes))
    for (place, seed) in seeds.enumerated() {
      for column in 0..<4 { #expect(abs(logits[place, column] - rows[seed][column]) < 1e-6) }
    }
  }

  @Test("every kind learns two communities by heart", arguments: Kind.allCases)
  func fits(kind: Kind) throws {
    let graph = ToyGraph.communities(size: 30, seed: 2)
    let configuration = configuration(
      kind, inputs: 8, hidden: 16, classes: 2, dropout: kind == .mlp ? 0 : 0.2)
    let space = workspace(2)
    let model = try Model(configuration, seed: 5, weightDecay: .firstLayer, in: space)
    let adam = Adam(
      AdamConfiguration(learningRate: 0.02, weightDecay: 5e-4), of: model.parameters, in: space)
    let batch = graph.batch(Array(0..<60), hops: configuration.hopCount)
    let features = tensor(graph.rows(of: batch.inputNodes), in: space)
    let degrees = graph.degrees(of: batch.inputNodes)
    func pass(_ step: Int, training: Bool) -> LossSum {
      model.loss(
        batch: batch, features: features, labels: graph.labels, degrees: degrees,
        key: RandomKey(seed: 1, stream: .dropout, step: step), training: training)
    }
    let before = pass(0, training: false)
    for step in 0..<150 {
      model.parameters.zeroGradients()
      let result = pass(step, training: true)
      adam.step(gradientScale: 1 / Float(result.count))
    }
    let after = pass(0, training: false)
    #expect(after.accuracy == 1)
    #expect(after.mean < before.mean / 3)
  }

  @Test("a batch used again allocates nothing fresh")
  func steadyState() throws {
    let graph = ToyGraph.random(nodes: 300, features: 12, classes: 3, seed: 4)
    let space = workspace(2)
    let model = try Model(
      configuration(.gcn, inputs: 12, dropout: 0.5), seed: 1, weightDecay: .none, in: space)
    let batch = graph.batch(Array(0..<200), hops: 2)
    let features = tensor(graph.rows(of: batch.inputNodes), in: space)
    func step() {
      _ = model.loss(
        batch: batch, features: features, labels: graph.labels(of: batch.seeds),
        degrees: graph.degrees(of: batch.inputNodes), key: key, training: true)
    }
    step()
    let count = space.pool.freshAllocationCount
    for _ in 0..<3 { step() }
    #expect(space.pool.freshAllocationCount == count)
  }

  @Test("an mlp reads the seeds' rows alone, with or without blocks")
  func mlpIgnoresBlocks() throws {
    let graph = ToyGraph.random(nodes: 30, features: 5, classes: 3, seed: 4)
    let space = workspace()
    let model = try Model(configuration(.mlp), seed: 1, weightDecay: .none, in: space)
    let results = [0, 2].map { hops in
      let batch = graph.batch([7, 1, 7], hops: hops)
      return model.logits(
        batch: batch, features: tensor(graph.rows(of: batch.inputNodes), in: space)
      ).elements
    }
    #expect(results[0] == results[1])
    #expect(results[0].count == 9)
  }

  @Test("weights start within Glorot's bound, fill it, and depend on the seed alone")
  func initialization() throws {
    let space = workspace()
    let configuration = configuration(.sage, inputs: 50, hidden: 40)
    let model = try Model(configuration, seed: 1, weightDecay: .firstLayer, in: space)
    let first = model.parameters.parameters[0]
    #expect(first.name == "layer0.selfWeight")
    let bound = Float((6.0 / 90).squareRoot())
    let values = first.value.elements
    #expect(values.allSatisfy { abs($0) <= bound })
    #expect(values.max()! > 0.99 * bound && values.min()! < -0.99 * bound)
    #expect(abs(values.reduce(0, +) / Float(values.count)) < 0.05 * bound)
    #expect(model.parameters.parameters[2].value.elements.allSatisfy { $0 == 0 })
    #expect(model.parameters.parameters.map(\.weightDecayFactor) == [1, 1, 1, 0, 0, 0])
    let again = try Model(configuration, seed: 1, weightDecay: .all, in: workspace(2))
    #expect(again.weights == model.weights)
    #expect(
      try Model(configuration, seed: 2, weightDecay: .all, in: space).weights != model.weights)
  }

  @Test("impossible shapes and foreign states are refused with the mend")
  func errors() throws {
    let space = workspace()
    #expect(throws: ModelError.badWidth(field: "hidden", value: 0)) {
      try Model(configuration(.gcn, hidden: 0), seed: 1, weightDecay: .none, in: space)
    }
    #expect(throws: ModelError.tooFewLayers(kind: "mlp", layers: 1, minimum: 2)) {
      try Model(configuration(.mlp, layers: 1), seed: 1, weightDecay: .none, in: space)
    }
    #expect(throws: ModelError.badDropout(field: "dropout", value: 1)) {
      try Model(configuration(.sage, dropout: 1), seed: 1, weightDecay: .none, in: space)
    }
    let model = try Model(configuration(.gcn), seed: 1, weightDecay: .none, in: space)
    #expect(throws: ModelError.self) { try model.restore(weights: [1]) }
    #expect("\(ModelError.stateSize(what: "model", expected: 2, found: 1))".contains("resume"))
  }
}
