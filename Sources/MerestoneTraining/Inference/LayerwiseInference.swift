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
  private var samplers: [NeighborSampler]

  /// Where rows and sums lie in the scratch memory: two buffers of rows that layers use in turn,
  /// then the three sums of each target tile.
  package struct ScratchLayout: Sendable {
    let rowBytes: Int
    let sumsOffset: Int
    package let byteCount: Int

    package init(plan: InferencePlan, configuration: ModelConfiguration) {
      var largest = 0
      for layer in plan.outputs.indices {
        let width = configuration.widths(ofLayer: layer).outputs
        largest = max(largest, plan.outputs[layer].count * width * MemoryLayout<Float>.size)
      }
      rowBytes = (largest + 63) & ~63
      sumsOffset = rowBytes * (plan.outputs.count > 1 ? 2 : 1)
      let tiles = (plan.targetCount + InferencePlan.tile - 1) / InferencePlan.tile
      byteCount = sumsOffset + tiles * 3 * MemoryLayout<Double>.size
    }

    func rowOffset(layer: Int) -> Int { layer % 2 == 1 ? rowBytes : 0 }
  }

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
    samplers = []
    do throws(SamplingError) {
      for _ in 0..<pool.threadCount {
        samplers.append(
          try NeighborSampler(
            topology: topology, fanouts: model.configuration.kind == .mlp ? [] : [-1]))
      }
    } catch {
      throw .sampling(error)
    }
  }

  /// Computes the targets' logits with the model's present weights.
  ///
  /// Collective: every worker calls it.
  /// - Returns: Loss and accuracy over the labelled targets, the same bits on every worker.
  package func evaluate() throws(TrainingError) -> LossSum {
    for layer in plan.outputs.indices {
      try runLayer(layer)
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

  private func runLayer(_ layer: Int) throws(TrainingError) {
    let tiles = plan.tileCount(layer: layer)
    let laneCount = transport.workerCount * pool.threadCount
    let firstLane = transport.rank * pool.threadCount
    var lanes = samplers
    samplers = []
    defer { samplers = lanes }
    try unsafe lanes.withUnsafeMutableBufferPointer { lanes throws(TrainingError) in
      try pool.forEach(lanes.count) { lane throws(TrainingError) in
        for tile in stride(from: firstLane + lane, to: tiles, by: laneCount) {
          if transport.cancellation.isCancelled { throw .interrupted }
          transport.heartbeat()
          // SAFETY: each lane uses a sampler of its own.
          try unsafe runTile(tile, layer: layer, sampler: &lanes[lane])
        }
      }
    }
  }

  private func runTile(
    _ tile: Int, layer: Int, sampler: inout NeighborSampler
  ) throws(TrainingError) {
    let nodes = plan.nodes(layer: layer, tile: tile)
    let block: Block
    var degrees: [Int] = []
    do throws(SamplingError) {
      let batch = try sampler.sample(
        seeds: nodes, key: RandomKey(seed: 0, stream: .neighborSampling))
      block =
        batch.blocks.first
        ?? Block(
          sources: nodes, destinationCount: nodes.count,
          indptr: Array(repeating: 0, count: nodes.count + 1), indices: [], edges: [])
      if model.configuration.kind == .gcn {
        degrees = try sampler.inDegrees(of: block.sources)
      }
    } catch {
      throw .sampling(error)
    }
    let input = try inputRows(of: block.sources, layer: layer)
    let output = model.inferLayer(layer, block: block, rows: input, degrees: degrees)
    let width = output.columns
    // SAFETY: tiles write disjoint rows of this layer's buffer.
    let rows = unsafe SharedBuffer(
      unsafe: scratch.elements(
        Float.self, at: layout.rowOffset(layer: layer),
        count: plan.outputs[layer].count * width))
    let lower = tile * InferencePlan.tile * width
    output.withSpan { values in
      rows.withPart(lower..<lower + values.count) { part in
        for index in values.indices { part[index] = values[index] }
      }
    }
    guard layer == plan.outputs.count - 1 else { return }
    let sum = model.workspace.crossEntropy(output, labels: try data.labels(of: nodes))
    // SAFETY: each tile has three sums of its own.
    let sums = unsafe scratch.elements(
      Double.self, at: layout.sumsOffset, count: plan.tileCount(layer: layer) * 3)
    unsafe sums[tile * 3] = sum.sum
    unsafe sums[tile * 3 + 1] = Double(sum.correct)
    unsafe sums[tile * 3 + 2] = Double(sum.count)
  }

  /// The features of `nodes`, or what the layer before computed for them.
  private func inputRows(of nodes: [NodeID], layer: Int) throws(TrainingError) -> Tensor {
    let width = model.configuration.widths(ofLayer: layer).inputs
    let input = model.workspace.tensor(rows: nodes.count, columns: width)
    guard layer > 0 else {
      try input.withMutableSpan { rows throws(TrainingError) in
        try data.gatherFeatures(of: nodes, into: &rows)
      }
      return input
    }
    let known = plan.outputs[layer - 1]
    // SAFETY: the rows of the layer before were written before the barrier.
    let earlier = unsafe scratch.elements(
      Float.self, at: layout.rowOffset(layer: layer - 1), count: known.count * width)
    input.withMutableSpan { rows in
      for (index, node) in nodes.enumerated() {
        let start = known.place(of: node) * width
        let target = index * width
        for column in 0..<width {
          unsafe rows[target &+ column] = earlier[start &+ column]
        }
      }
    }
    return input
  }
}
