import MerestoneCore
import MerestoneStorage
import MerestoneTensor
import Testing

@testable import MerestoneTraining

@Suite("Rows between layers")
struct StoredRowsTests {
  @Test(
    "are the same from memory and from its file", arguments: [0, 0.003, 0.37, 1], [1, 5, 100_000])
  func gathers(mappedShare: Double, width: Int) throws {
    var nodes = NodeSubset(nodeCount: 3000)
    for node in stride(from: 1 as UInt64, to: 3000, by: width > 5 ? 71 : 3) {
      nodes.insert(NodeID(node))
    }
    nodes.seal()
    let offset = 192
    let memory = try SharedMemory(byteCount: offset + nodes.count * width * 4)
    let file = try ScratchFile(sharing: memory.fileDescriptor, name: "rows")
    let rows = StoredRows(
      of: nodes, width: width, in: memory, file: file, at: offset, mappedShare: mappedShare)
    let space = Workspace(threads: ThreadPool(threads: 1))
    func value(_ place: Int, _ column: Int) -> Float { Float(place * 131 + column % 127) }
    for lower in stride(from: 0, to: nodes.count, by: 40) {
      let count = min(40, nodes.count - lower)
      let part = (lower..<lower + count).flatMap { place in (0..<width).map { value(place, $0) } }
      try rows.write(space.tensor(rows: count, columns: width, part), from: lower)
    }
    // In no order, with repetitions and gaps of all sizes.
    let places = (0..<200).map { $0 * $0 * 7 % nodes.count }
    let all = nodes.members(0..<nodes.count)
    let gathered = space.tensor(rows: places.count, columns: width)
    try rows.gather(places.map { all[$0] }, into: gathered)
    let range = nodes.count / 4..<nodes.count - 1
    let read = space.tensor(rows: range.count, columns: width)
    try rows.gather(Array(all[range]), into: read)
    var wrong = 0
    for column in stride(from: 0, to: width, by: max(1, width / 50)) {
      for (row, place) in places.enumerated() where gathered[row, column] != value(place, column) {
        wrong += 1
      }
      for (row, place) in range.enumerated() where read[row, column] != value(place, column) {
        wrong += 1
      }
    }
    #expect(wrong == 0)
    try rows.gather([], into: space.tensor(rows: 0, columns: width))
  }
}
