import MerestoneCore
import Testing

@testable import MerestoneTraining

@Suite("The plan of an epoch")
struct EpochPlanTests {
  static func nodes(_ count: Int) -> [NodeID] { (0..<count).map { NodeID(UInt64($0) * 3) } }

  @Test(
    "draws every training node once per epoch, at any batch size and slice count",
    arguments: [1, 2, 4, 8], [8, 9, 64, 1000])
  func coversEveryNode(slices: Int, batchSize: Int) {
    for count in [1, 7, 64, 143] {
      let plan = EpochPlan(
        nodes: Self.nodes(count), batchSize: batchSize, sliceCount: slices, seed: 5)
      var drawn: [NodeID] = []
      for step in 0..<plan.stepCount {
        var stepCount = 0
        for slice in 0..<slices {
          let seeds = plan.seeds(epoch: 3, step: step, slice: slice)
          stepCount += seeds.count
          drawn += seeds
        }
        #expect(stepCount <= batchSize)
        #expect(stepCount > 0)
      }
      #expect(drawn.sorted() == Self.nodes(count))
    }
  }

  @Test("keeps each slice inside its own group of adjacent nodes")
  func slicesStayInTheirGroups() {
    let plan = EpochPlan(nodes: Self.nodes(100), batchSize: 16, sliceCount: 4, seed: 1)
    for slice in 0..<4 {
      let seeds = (0..<plan.stepCount).flatMap { plan.seeds(epoch: 0, step: $0, slice: slice) }
      #expect(seeds.sorted() == Array(Self.nodes(100)[slice * 25..<(slice + 1) * 25]))
    }
  }

  @Test("shuffles differently in every epoch and equally for equal seeds")
  func shuffles() {
    let first = EpochPlan(nodes: Self.nodes(50), batchSize: 50, sliceCount: 1, seed: 1)
    let again = EpochPlan(nodes: Self.nodes(50), batchSize: 50, sliceCount: 1, seed: 1)
    let other = EpochPlan(nodes: Self.nodes(50), batchSize: 50, sliceCount: 1, seed: 2)
    #expect(first.seeds(epoch: 0, step: 0, slice: 0) == again.seeds(epoch: 0, step: 0, slice: 0))
    #expect(first.seeds(epoch: 0, step: 0, slice: 0) != first.seeds(epoch: 1, step: 0, slice: 0))
    #expect(first.seeds(epoch: 0, step: 0, slice: 0) != other.seeds(epoch: 0, step: 0, slice: 0))
  }
}
