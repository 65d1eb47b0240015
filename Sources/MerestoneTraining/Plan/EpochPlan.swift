package import MerestoneCore

/// Which seeds every slice of every step draws: a pure function of the seed, never of workers.
///
/// The training nodes, sorted by global id, are cut into as many equal groups as a step has
/// slices; slice `i` walks through group `i` in that group's own shuffle of the epoch. On many
/// machines a worker's seeds therefore lie in its own shards.
package struct EpochPlan: Sendable {
  /// Training nodes, ascending. Shape `[n]`.
  package let nodes: [NodeID]
  package let batchSize: Int
  package let sliceCount: Int
  package let seed: UInt64

  /// Optimizer steps per epoch: enough for the slice that needs the most.
  package let stepCount: Int

  /// - Precondition: `batchSize >= sliceCount >= 1`, and `nodes` ascend.
  package init(nodes: [NodeID], batchSize: Int, sliceCount: Int, seed: UInt64) {
    precondition(sliceCount >= 1 && batchSize >= sliceCount, "an empty slice in every step")
    self.nodes = nodes
    self.batchSize = batchSize
    self.sliceCount = sliceCount
    self.seed = seed
    var steps = 0
    for slice in 0..<sliceCount {
      let group = Self.part(slice, of: nodes.count, parts: sliceCount).count
      let size = Self.part(slice, of: batchSize, parts: sliceCount).count
      steps = max(steps, (group + size - 1) / size)
    }
    stepCount = steps
  }

  /// The seeds of one slice of one step; empty once the slice's group is used up.
  ///
  /// - Complexity: O(seeds), no memory beyond the result.
  package func seeds(epoch: Int, step: Int, slice: Int) -> [NodeID] {
    let group = Self.part(slice, of: nodes.count, parts: sliceCount)
    let positions = positions(step: step, slice: slice)
    guard !positions.isEmpty else { return [] }
    let permutation = RandomPermutation(
      count: group.count,
      key: RandomKey(seed: seed, stream: .seedShuffle, epoch: epoch, slice: slice))
    return positions.map { nodes[group.lowerBound + permutation[$0]] }
  }

  private func positions(step: Int, slice: Int) -> Range<Int> {
    let group = Self.part(slice, of: nodes.count, parts: sliceCount).count
    let size = Self.part(slice, of: batchSize, parts: sliceCount).count
    return min(group, step * size)..<min(group, (step + 1) * size)
  }

  /// The `index`-th of `parts` ranges that cut `0..<count` as evenly as possible.
  package static func part(_ index: Int, of count: Int, parts: Int) -> Range<Int> {
    let (quotient, remainder) = count.quotientAndRemainder(dividingBy: parts)
    let lower = index * quotient + index * remainder / parts
    let upper = (index + 1) * quotient + (index + 1) * remainder / parts
    return lower..<upper
  }
}
