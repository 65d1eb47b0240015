import MerestoneCore
import MerestoneStorage
import MerestoneTestSupport
import Testing

@Suite("A memory budget")
struct MemoryBudgetTests {
  @Test("gives what is asked for where it is left, and else three quarters of the rest")
  func takes() {
    let budget = MemoryBudget(100)
    #expect(budget.take(upTo: 60) == 60)
    #expect(budget.remaining == 40)
    #expect(budget.take(upTo: 41) == 30)
    #expect(budget.take(upTo: 10) == 10)
    #expect(budget.take(upTo: 0) == 0)
    #expect(budget.take(upTo: 7) == 0)
    #expect(budget.taken == 100)
    budget.use(5)
    #expect(budget.taken == 105)
    #expect(budget.remaining == 0)
    budget.set(110)
    #expect(budget.remaining == 5)
    #expect(MemoryBudget().take(upTo: 1 << 60) == 1 << 60)
  }

  @Test(
    "of a graph lets columns stay mapped, an equal part of every shard",
    arguments: [(800, 1.0), (400, 0.375), (0, 0)])
  func columns(budget: Int, share: Double) throws {
    let folder = TemporaryFolder()
    var graph = MerestoneTestSupport.TestGraph(
      nodes: 100, meanInDegree: 2, shards: 3, seed: 1)
    graph.features = (0..<100).map { [Float($0), 1] }
    let store = try graph.store(at: folder.file("graph"))
    store.columnBudget.set(budget)
    for _ in 0..<2 {
      for shard in 0..<3 {
        let column = try #require(
          try store.nodeColumn("features", type: NodeTypeID(0), shard: ShardID(shard)))
        #expect(column.mappedRows == Int(Double(column.rows) * share))
        #expect(column.staysMapped == (share == 1))
      }
    }
    #expect(Double(store.columnBudget.taken) == 800 * share)
  }
}
