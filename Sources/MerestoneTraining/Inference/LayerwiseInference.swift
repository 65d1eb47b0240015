package import MerestoneCore
package import MerestoneNN
package import MerestoneSampling
package import MerestoneTensor
package import MerestoneTransport

/// Runs a model layer by layer over all the nodes it needs, with all neighbours: no sampling, so
/// the result depends on no seed.
///
/// Rows are computed in tiles of ``InferencePlan/tile`` nodes, dealt to the lanes of all workers
/// in turn; rows between layers lie in shared scratch memory. A tile's result does not depend on
/// who computes it.
package final class LayerwiseInference {
  private let plan: InferencePlan
  private let topology: Topology
  private let data: TrainingData
  private let model: Model
  private let transport: any Transport
  private let pool: ThreadPool
  private let scratch: SharedMemory
  private let layout: ScratchLayout
  private var readers: [NeighborhoodReader]

  // The rows of neighbours that a lane has in memory at a time. Does not touch results.
  private static let partByteCount = 32 << 20

  /// - Parameters:
  ///   - scratch: Memory of ``ScratchLayout/byteCount`` bytes that all workers share.
  ///   - pool: The threads of this worker; each is a lane.
  package init(
    plan: InferencePlan, topology: Topology, data: TrainingData, model: Model,
    transport: any Transport, pool: ThreadPool, scratch: SharedMemory
  ) throws(TrainingError) {
    self.plan = plan
    self.topology = topology
    self.data = data
    self.model = model
    self.transport = transport
    self.pool = pool
    self.scratch = scratch
    layout = ScratchLayout(plan: plan, configuration: model.configuration)
    precondition(scratch.byteCount >= layout.byteCount, "scratch memory is too small")
    readers = (0..<pool.threadCount).map { _ in NeighborhoodReader(topology) }
  }

  /// Computes the targets' logits with the model's present weights.
  ///
  /// Collective: every worker calls it.
  /// - Returns: Loss and accuracy over the labelled targets, the same bits on every worker.
  package func evaluate() throws(TrainingError) -> LossSum {
    for layer in plan.outputs.indices {
      if let inputs = productInputs(of: layer) {
        try forEachLane(tiles: InferencePlan.tileCount(of: inputs)) {
          tile, _ throws(TrainingError) in
          try multiplyTile(tile, of: inputs, layer: layer)
        }
        transport.barrier()
      }
      try forEachLane(tiles: plan.tileCount(layer: layer)) { tile, reader throws(TrainingError) in
        try runTile(tile, layer: layer, reader: &reader)
      }
      transport.barrier()
    }
    var total = LossSum()
    let tiles = plan.tileCount(layer: plan.outputs.count - 1)
    // SAFETY: the sums lie inside the scratch memory, written before the barrier.
    let sums = unsafe scratch.elements(Double.self, at: layout.sumsOffset, count: tiles * 3)
    for tile in 0..<tiles {
      total =
        unsafe total
        + LossSum(
          sum: sums[tile * 3], correct: Int(sums[tile * 3 + 1]), count: Int(sums[tile * 3 + 2]))
    }
    // Nobody overwrites the sums before everybody has read them.
    transport.barrier()
    return total
  }

  /// Lends the logits that ``evaluate()`` computed, target by target in ascending order.
  ///
  /// - Parameter body: Gets the targets of one tile and their logits, shape `[tile, classes]`.
  package func forEachTile<E: Error>(
    _ body: ([NodeID], Span<Float>) throws(E) -> Void
  ) throws(E) {
    let last = plan.outputs.count - 1
    let classes = model.configuration.classes
    // SAFETY: the last layer's rows lie there until the next evaluation.
    let rows = unsafe scratch.elements(
      Float.self, at: layout.rowOffset(layer: last), count: plan.targetCount * classes)
    for tile in 0..<plan.tileCount(layer: last) {
      let nodes = plan.nodes(layer: last, tile: tile)
      let lower = tile * InferencePlan.tile * classes
      let part = rows.extracting(lower..<lower + nodes.count * classes)
      let logits = unsafe Span(_unsafeElements: part)
      try body(nodes, logits)
    }
  }

  /// The nodes whose rows a layer multiplies before it aggregates; `nil` where it does not.
  private func productInputs(of layer: Int) -> NodeSubset? {
    model.configuration.multipliesFirst(layer: layer) ? plan.inputs(layer: layer) : nil
  }

  /// Deals tiles to the lanes of all workers and runs this worker's.
  private func forEachLane(
    tiles: Int, _ body: (Int, inout NeighborhoodReader) throws(TrainingError) -> Void
  ) throws(TrainingError) {
    let laneCount = transport.workerCount * pool.threadCount
    let firstLane = transport.rank * pool.threadCount
    var lanes = readers
    readers = []
    defer { readers = lanes }
    try unsafe lanes.withUnsafeMutableBufferPointer { lanes throws(TrainingError) in
      try pool.forEach(lanes.count) { lane throws(TrainingError) in
        for tile in stride(from: firstLane + lane, to: tiles, by: laneCount) {
          if transport.cancellation.isCancelled { throw .interrupted }
          transport.heartbeat()
          // SAFETY: each lane uses a reader of its own.
          try unsafe body(tile, &lanes[lane])
        }
      }
    }
  }

  private func multiplyTile(
    _ tile: Int, of inputs: NodeSubset, layer: Int
  ) throws(TrainingError) {
    let nodes = InferencePlan.nodes(of: inputs, tile: tile)
    let products = model.inferProducts(layer, rows: try inputRows(of: nodes, layer: layer))
    store(products, tile: tile, at: layout.productsOffset, rowCount: inputs.count)
  }

  private func runTile(
    _ tile: Int, layer: Int, reader: inout NeighborhoodReader
  ) throws(TrainingError) {
    let nodes = plan.nodes(layer: layer, tile: tile)
    let own = try summands(of: nodes, layer: layer)
    let neighbors = try aggregate(nodes, own: own, layer: layer, reader: &reader)
    let output = model.inferLayer(layer, own: own, neighbors: neighbors)
    store(
      output, tile: tile, at: layout.rowOffset(layer: layer), rowCount: plan.outputs[layer].count)
    guard layer == plan.outputs.count - 1 else { return }
    let sum = model.workspace.crossEntropy(output, labels: try data.labels(of: nodes))
    // SAFETY: each tile has three sums of its own.
    let sums = unsafe scratch.elements(
      Double.self, at: layout.sumsOffset, count: plan.tileCount(layer: layer) * 3)
    unsafe sums[tile * 3] = sum.sum
    unsafe sums[tile * 3 + 1] = Double(sum.correct)
    unsafe sums[tile * 3 + 2] = Double(sum.count)
  }

  /// What a layer aggregates: the rows that it reads, or their products where it multiplies first.
  private func summands(of nodes: [NodeID], layer: Int) throws(TrainingError) -> Tensor {
    guard let inputs = productInputs(of: layer) else {
      return try inputRows(of: nodes, layer: layer)
    }
    return storedRows(
      of: nodes, in: inputs, at: layout.productsOffset,
      width: model.configuration.widths(ofLayer: layer).outputs)
  }

  /// Aggregates over all in-edges of `nodes`, some rows at a time; `nil` where a model reads none.
  private func aggregate(
    _ nodes: [NodeID], own: Tensor, layer: Int, reader: inout NeighborhoodReader
  ) throws(TrainingError) -> Tensor? {
    let readsDegrees = model.configuration.kind == .gcn
    func degrees(of nodes: [NodeID]) throws(TrainingError) -> [Int] {
      guard readsDegrees else { return [] }
      return try reading { () throws(SamplingError) in try reader.inDegrees(of: nodes) }
    }
    guard var sums = model.neighborSums(own: own, degrees: try degrees(of: nodes)) else {
      return nil
    }
    var block = Block.empty
    let edgeLimit = max(1, Self.partByteCount / (own.columns * MemoryLayout<Float>.size))
    try reading { () throws(SamplingError) in try reader.begin(nodes) }
    while let places = try reading({ () throws(SamplingError) in
      try reader.readPart(edgeLimit: edgeLimit, into: &block)
    }) {
      sums.add(
        block, at: places.lowerBound, rows: try summands(of: block.sources, layer: layer),
        degrees: try degrees(of: block.sources))
    }
    return sums.finish()
  }

  private func reading<R>(_ body: () throws(SamplingError) -> R) throws(TrainingError) -> R {
    do throws(SamplingError) {
      return try body()
    } catch {
      throw .sampling(error)
    }
  }

  /// The features of `nodes`, or what the layer before computed for them.
  private func inputRows(of nodes: [NodeID], layer: Int) throws(TrainingError) -> Tensor {
    let width = model.configuration.widths(ofLayer: layer).inputs
    guard layer == 0 else {
      return storedRows(
        of: nodes, in: plan.outputs[layer - 1], at: layout.rowOffset(layer: layer - 1),
        width: width)
    }
    let input = model.workspace.tensor(rows: nodes.count, columns: width)
    try input.withMutableSpan { rows throws(TrainingError) in
      try data.gatherFeatures(of: nodes, into: &rows)
    }
    return input
  }

  /// Copies a tile's rows to the scratch memory.
  private func store(_ rows: Tensor, tile: Int, at byteOffset: Int, rowCount: Int) {
    // SAFETY: tiles write disjoint rows of the buffer.
    let buffer = unsafe SharedBuffer(
      unsafe: scratch.elements(Float.self, at: byteOffset, count: rowCount * rows.columns))
    let lower = tile * InferencePlan.tile * rows.columns
    rows.withSpan { values in
      buffer.withPart(lower..<lower + values.count) { part in
        for index in values.indices { part[index] = values[index] }
      }
    }
  }

  /// Gathers rows that an earlier pass stored for the nodes of `subset`.
  private func storedRows(
    of nodes: [NodeID], in subset: NodeSubset, at byteOffset: Int, width: Int
  ) -> Tensor {
    let result = model.workspace.tensor(rows: nodes.count, columns: width)
    // SAFETY: the rows were written before the last barrier.
    let stored = unsafe scratch.elements(
      Float.self, at: byteOffset, count: subset.count * width)
    result.withMutableSpan { rows in
      for (index, node) in nodes.enumerated() {
        let start = subset.place(of: node) * width
        let target = index * width
        for column in 0..<width { unsafe rows[target &+ column] = stored[start &+ column] }
      }
    }
    return result
  }
}
