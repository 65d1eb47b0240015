import MerestoneCore
import MerestoneNN
import MerestoneSampling

/// The slices of one worker in the rest of one epoch, as a series of mini-batches.
struct SliceSeries: Sendable {
  /// How many there are.
  let count: Int
  let batches: BatchSeries<NeighborSampler>
  let needsDegrees: Bool
  let order: Order

  /// Which slice of which step a number is.
  struct Order: Sendable {
    let firstStep: Int
    let slices: Range<Int>

    func step(of item: Int) -> Int { firstStep + item / slices.count }
    func slice(of item: Int) -> Int { slices.lowerBound + item % slices.count }
  }

  /// - Parameters:
  ///   - slices: The worker's slices of every step.
  ///   - threads: Threads that prepare slices.
  ///   - pool: Samples groups of mini-batches where the graph is read page by page.
  ///   - pulse: Says that sampling gets on.
  init(
    plan: EpochPlan, epoch: Int, from firstStep: Int, slices: Range<Int>, topology: Topology,
    options: TrainingOptions, threads: Int, pool: @autoclosure () -> ThreadPool, pulse: Pulse
  ) throws(TrainingError) {
    let order = Order(firstStep: firstStep, slices: slices)
    self.order = order
    count = (plan.stepCount - firstStep) * slices.count
    needsDegrees = options.model == .gcn
    do throws(SamplingError) {
      batches = try BatchSeries(
        topology: topology, fanouts: options.model == .mlp ? [] : options.fanouts,
        count: count, threads: threads, pool: pool(), longest: Self.longestGroup, pulse: pulse
      ) { item in
        let (step, slice) = (order.step(of: item), order.slice(of: item))
        return BatchRequest(
          seeds: plan.seeds(epoch: epoch, step: step, slice: slice),
          key: RandomKey(
            seed: plan.seed, stream: .neighborSampling, epoch: epoch, step: step, slice: slice))
      }
    } catch {
      throw .sampling(error)
    }
  }

  // A worker that is asked to stop goes on to the end of its step.
  private static let longestGroup = Duration.seconds(2)
}
