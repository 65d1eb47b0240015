import Glibc
import MerestoneCore
import MerestoneNN
import MerestoneTensor
import MerestoneTestSupport
import Testing

/// Times a training step beside the bare matrix products of the same size.
///
/// Runs only where `MERESTONE_BENCHMARK` is set, in a release build:
/// `MERESTONE_BENCHMARK=1 env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE swift test -c release
/// --disable-testable-imports --filter StepBenchmark`
@Suite("Step benchmark", .enabled(if: getenv("MERESTONE_BENCHMARK") != nil), .serialized)
struct StepBenchmark {
  @Test("GraphSAGE-mean, 3 layers, hidden 256, 100 features, 1,024 seeds, fanouts 15, 10, 5")
  func sage() throws {
    for threads in [1, 2] {
      for dropout in [0, 0.5] { try measure(threads: threads, dropout: dropout) }
    }
  }

  /// The sizes of a mini-batch on the products-sized graph, with random edges between them.
  private func batch() -> MiniBatch {
    var generator = SplitMix64(seed: 1)
    let sizes = [1024, 16_000, 100_000, 300_000]
    let fanouts = [15, 10, 5]
    var blocks: [Block] = []
    for hop in 0..<3 {
      let (d, s, fanout) = (sizes[hop], sizes[hop + 1], fanouts[hop])
      let indices = (0..<d * fanout).map { _ in
        BlockIndex(UInt32.random(in: 0..<UInt32(s), using: &generator))
      }
      blocks.append(
        Block(
          sources: (0..<s).map { NodeID(UInt64($0)) }, destinationCount: d,
          indptr: (0...d).map { $0 * fanout }, indices: indices,
          edges: []))
    }
    return MiniBatch(
      seeds: Array(blocks[0].sources[..<1024]),
      seedIndices: (0..<1024).map { BlockIndex($0) }, blocks: blocks)
  }

  private func measure(threads: Int, dropout: Double) throws {
    let space = Workspace(threads: ThreadPool(threads: threads))
    let configuration = ModelConfiguration(
      kind: .sage, inputs: 100, hidden: 256, classes: 47, layers: 3, dropout: dropout)
    let model = try Model(configuration, seed: 1, weightDecay: .none, in: space)
    let adam = Adam(AdamConfiguration(), of: model.parameters, in: space)
    let batch = batch()
    var generator = SplitMix64(seed: 2)
    let features = space.tensor(
      rows: 300_000, columns: 100,
      (0..<30_000_000).map { _ in Float.random(in: -1...1, using: &generator) })
    let labels = (0..<1024).map { Int32($0 % 47) }
    var times: [Double] = []
    var processor: [Double] = []
    var fresh = 0
    for step in 0..<7 {
      if step == 2 { fresh = space.pool.freshAllocationCount }
      let start = now()
      let used = now(CLOCK_PROCESS_CPUTIME_ID)
      model.parameters.zeroGradients()
      let result = model.loss(
        batch: batch, features: features, labels: labels,
        key: RandomKey(seed: 1, stream: .dropout, step: step), training: true)
      adam.step(gradientScale: 1 / Float(result.count))
      times.append(now() - start)
      processor.append(now(CLOCK_PROCESS_CPUTIME_ID) - used)
    }
    #expect(space.pool.freshAllocationCount == fresh)
    let steady = times.dropFirst(2).sorted()
    let rows = [100_000.0, 16_000, 1024]
    var flops = 0.0
    for layer in 0..<3 {
      let (inputs, outputs) = configuration.widths(ofLayer: layer)
      // Two weights; forward, weight gradient, and below the first layer the input gradient.
      flops += 2 * rows[layer] * Double(inputs * outputs) * 2 * (layer == 0 ? 2 : 3)
    }
    let busy = processor.dropFirst(2).sorted()
    let bare = products(space)
    print(
      "\(BLAS.coreName), \(threads) threads, dropout \(dropout): step median "
        + "\((steady[2] * 1e3).formatted(decimals: 1)) ms, best "
        + "\((steady[0] * 1e3).formatted(decimals: 1)) ms, processor time "
        + "\((busy[2] * 1e3).formatted(decimals: 1)) ms; "
        + "\((flops / steady[0] * 1e-9).formatted(decimals: 1)) GFLOP/s of "
        + "\((flops * 1e-9).formatted(decimals: 1)) GFLOP in products; bare products "
        + "\((bare.wall).formatted(decimals: 1)) GFLOP/s, "
        + "\((bare.processor).formatted(decimals: 1)) per processor second; pool "
        + "\(ByteCount(space.pool.totalBytes))")
  }

  /// GFLOP/s of `[100000, 256] x [256, 256]` in the same tiles and threads, by the clock and by
  /// processor time.
  private func products(_ space: Workspace) -> (wall: Double, processor: Double) {
    let x = space.zeros(rows: 100_000, columns: 256)
    let w = space.zeros(rows: 256, columns: 256)
    var best = (wall: Double.infinity, processor: Double.infinity)
    for _ in 0..<4 {
      let start = now()
      let used = now(CLOCK_PROCESS_CPUTIME_ID)
      let y = space.matmul(x, w)
      best.processor = min(best.processor, now(CLOCK_PROCESS_CPUTIME_ID) - used)
      best.wall = min(best.wall, now() - start)
      #expect(y[0, 0] == 0)
    }
    let work = 2e-9 * 100_000 * 256 * 256
    return (work / best.wall, work / best.processor)
  }

  private func now(_ clock: clockid_t = CLOCK_MONOTONIC) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
