import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneStorage

@Suite("The destination of each position")
struct DestinationTests {
  @Test("is that of the list which holds it", arguments: 0..<8 as Range<UInt64>)
  func naive(seed: UInt64) throws {
    let folder = TemporaryFolder()
    var lists = EdgeLists(
      destinations: 1500, meanInDegree: 4, maximumSource: 99, seed: seed, hub: 9000)
    // A long stretch without edges.
    for node in 200..<200 + 97 * Int(seed) { lists.lists[node] = [] }
    try lists.write(to: folder.file("r.csc"))
    let store = try EdgeStore(path: folder.file("r.csc"))
    let expected = lists.lists.enumerated().flatMap { node, list in
      list.map { _ in UInt64(node + 1000) }
    }
    var generator = SplitMix64(seed: seed)
    for _ in 0..<20 {
      let lower = Int.random(in: 0..<expected.count, using: &generator)
      let upper = Int.random(in: lower...expected.count, using: &generator)
      var found = [UInt64](repeating: 0, count: upper - lower)
      var span = found.mutableSpan
      try store.copyDestinations(of: lower..<upper, adding: 1000, into: &span)
      #expect(found == Array(expected[lower..<upper]))
    }
  }
}
