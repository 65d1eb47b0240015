import MerestoneCore
import MerestoneStorage
import MerestoneTestSupport
import Testing

@Suite("A memory budget")
struct MemoryBudgetTests {
  @Test("gives what is left, all of a request or nothing")
  func takes() {
    let budget = MemoryBudget(100)
    #expect(budget.take(60))
    #expect(!budget.take(41))
    #expect(budget.remaining == 40)
    #expect(budget.take(40))
    #expect(budget.take(0))
    #expect(budget.taken == 100)
    budget.use(5)
    #expect(budget.taken == 105)
    #expect(budget.remaining == 0)
    budget.set(110)
    #expect(budget.remaining == 5)
    #expect(MemoryBudget().take(1 << 60))
  }

  @Test("of a graph lets whole columns stay mapped, as long as it lasts")
  func columns() throws {
    let folder = TemporaryFolder()
    var graph = MerestoneTestSupport.TestGraph(
      nodes: 100, meanInDegree: 2, shards: 3, seed: 1)
    graph.features = (0..<100).map { [Float($0), 1] }
    for (budget, expected) in [(799, false), (800, true)] {
      let store = try graph.store(at: folder.file("graph-\(budget)"))
      store.columnBudget.set(budget)
      for shard in 0..<3 {
        let column = try store.nodeColumn("features", type: NodeTypeID(0), shard: ShardID(shard))
        #expect(column?.staysMapped == expected)
      }
      #expect(store.columnBudget.taken == (expected ? 800 : 0))
    }
  }
}
