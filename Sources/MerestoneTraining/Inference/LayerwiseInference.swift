package import MerestoneCore
package import MerestoneNN
package import MerestoneSampling
import MerestoneStorage
package import MerestoneTensor
package import MerestoneTransport

/// Runs a model layer by layer over all the nodes it needs, with all neighbours: no sampling, so
/// the result depends on no seed.
///
/// Rows are computed in tiles of ``InferencePlan/tile`` nodes, dealt to the lanes of all workers
/// in turn; rows between layers lie in ``StoredRows``. A tile's result does not depend on
/// who computes it.
package final class LayerwiseInference {
  private let plan: InferencePlan
  private let topology: Topology
  private let data: TrainingData
  private let model: Model
  private let transport: any Transport
  private let pool: ThreadPool
  private let scratch: SharedMemory
  private let scratchFile: ScratchFile
  private let layout: ScratchLayout
  private let mappedShare: Double
  private var readers: [NeighborhoodReader]

  // What neighbours take that a lane has in memory at a time. Does not touch results.
  private let partByteCount: Int
  private static let partByteCounts = 1 << 18...32 << 20
  // What an edge and its source take beside a row.
  private static let edgeByteCount = 100

  /// - Parameters:
  ///   - scratch: Memory of ``ScratchLayout/byteCount`` bytes that all workers share.
  ///   - mappedBytes: How much of it may count as memory; the rest is read and written as a file.
  ///   - pool: The threads of this worker; each is a lane.
  package init(
    plan: InferencePlan, topology: Topology, data: TrainingData, model: Model,
    transport: any Transport, pool: ThreadPool, scratch: SharedMemory,
    mappedBytes: Int
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
    mappedShare = min(1, Double(mappedBytes) / Double(layout.byteCount))
    let laneCount = transport.workerCount * pool.threadCount
    partByteCount = min(
      max(mappedBytes / 2 / laneCount, Self.partByteCounts.lowerBound),
      Self.partByteCounts.upperBound)
    do throws(StorageError) {
      scratchFile = try ScratchFile(
        sharing: scratch.fileDescriptor, name: "the file for rows between layers")
    } catch {
      throw .storage(error)
    }
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
  package func forEachTile(
    _ body: ([NodeID], Tensor) throws(TrainingError) -> Void
  ) throws(TrainingError) {
    let last = plan.outputs.count - 1
    let rows = rows(ofLayer: last)
    for tile in 0..<plan.tileCount(layer: last) {
      let nodes = plan.nodes(layer: last, tile: tile)
      try body(nodes, try gather(nodes, from: rows))
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
    try store(products, of: tile, in: self.products(of: inputs, layer: layer))
  }

  private func runTile(
    _ tile: Int, layer: Int, reader: inout NeighborhoodReader
  ) throws(TrainingError) {
    let nodes = plan.nodes(layer: layer, tile: tile)
    let own = try summands(of: nodes, layer: layer)
    let neighbors = try aggregate(nodes, own: own, layer: layer, reader: &reader)
    let output = model.inferLayer(layer, own: own, neighbors: neighbors)
    try store(output, of: tile, in: rows(ofLayer: layer))
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
    return try gather(nodes, from: products(of: inputs, layer: layer))
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
    let edgeLimit = max(
      1, partByteCount / (own.columns * MemoryLayout<Float>.size + Self.edgeByteCount))
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
    guard layer == 0 else { return try gather(nodes, from: rows(ofLayer: layer - 1)) }
    let width = model.configuration.widths(ofLayer: layer).inputs
    let input = model.workspace.tensor(rows: nodes.count, columns: width)
    try input.withMutableSpan { rows throws(TrainingError) in
      try data.gatherFeatures(of: nodes, into: &rows)
    }
    return input
  }

  /// What a layer computes.
  private func rows(ofLayer layer: Int) -> StoredRows {
    StoredRows(
      of: plan.outputs[layer], width: model.configuration.widths(ofLayer: layer).outputs,
      in: scratch, file: scratchFile, at: layout.rowOffset(layer: layer), mappedShare: mappedShare)
  }

  /// The products that a layer computes before it aggregates them.
  private func products(of inputs: NodeSubset, layer: Int) -> StoredRows {
    StoredRows(
      of: inputs, width: model.configuration.widths(ofLayer: layer).outputs, in: scratch,
      file: scratchFile, at: layout.productsOffset, mappedShare: mappedShare)
  }

  private func store(
    _ output: Tensor, of tile: Int, in rows: StoredRows
  ) throws(TrainingError) {
    do throws(StorageError) {
      try rows.write(output, from: tile * InferencePlan.tile)
    } catch {
      throw .storage(error)
    }
  }

  private func gather(
    _ nodes: [NodeID], from rows: StoredRows
  ) throws(TrainingError) -> Tensor {
    let result = model.workspace.tensor(rows: nodes.count, columns: rows.width)
    do throws(StorageError) {
      try rows.gather(nodes, into: result)
    } catch {
      throw .storage(error)
    }
    return result
  }
}
