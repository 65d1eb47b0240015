import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneStorage

@Suite("Verification of orders of times")
struct TimeOrderVerificationTests {
  typealias Damage = @Sendable (inout [UInt32], inout [Int64]) -> Void

  static let damages: [(name: String, field: String, run: Damage)] = [
    ("a position of no edge", "order of times, row 7", { positions, _ in positions[7] = 100 }),
    ("two places exchanged", "order of times, row 7", { positions, _ in positions.swapAt(7, 8) }),
    (
      "equal times the later first", "order of times, row 99",
      { positions, _ in positions.swapAt(99, 100) }
    ),
    ("an edge twice", "order of times, row 20", { positions, _ in positions[20] = positions[19] }),
    ("another time", "time in the order, row 2", { _, times in times[2] += 1 }),
  ]

  @Test("says which row is wrong under good checksums", arguments: damages.indices)
  func damaged(number: Int) throws {
    let folder = TemporaryFolder()
    let damage = Self.damages[number]
    // The second list begins at edge 90, with equal times.
    var lists = [[UInt64]](repeating: [], count: 90)
    lists[0] = (0..<90).map { $0 }
    lists[1] = (0..<30).map { $0 }
    var graph = MerestoneTestSupport.TestGraph(lists: lists)
    var column = TestColumn(
      name: "time", element: .i64, values: (0..<120).map { $0 < 90 ? Double($0 * 37 % 90) : 5 })
    column.storesOrder = true
    graph.edgeColumns = [column]
    _ = try graph.store(at: folder.file("whole"))
    let pool = ThreadPool(threads: 2)
    #expect(try Verification.run(folder.file("whole"), pool: pool).isEmpty)
    graph.damage = damage.run
    _ = try graph.store(at: folder.file("damaged"))
    let problems = try Verification.run(folder.file("damaged"), pool: pool)
    #expect(problems.count == 1, "\(damage.name)")
    #expect(problems.first?.description.contains(damage.field) == true, "\(problems)")
  }
}
