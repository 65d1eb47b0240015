import Glibc
import MerestoneCore
import MerestoneStorage
import MerestoneTestSupport
import Testing

@Suite("Rows of nodes")
struct NodeRowsTests {
  let folder = TemporaryFolder()

  private func graph(
    nodes: Int, width: Int, bounds: [UInt64]
  ) throws -> MerestoneTestSupport.TestGraph {
    var graph = MerestoneTestSupport.TestGraph(
      lists: Array(repeating: [], count: nodes), bounds: bounds)
    graph.features = (0..<nodes).map { node in
      (0..<width).map { Float(node) + Float($0) / 1024 }
    }
    return graph
  }

  /// Opens the graph anew, with files that stay mapped as far as a budget goes.
  private func rows(budget: Int = .max) throws -> NodeRows {
    let store = try GraphStore.open(folder.file("graph"))
    store.columnBudget.set(budget)
    return try NodeRows("features", of: NodeTypeID(0), in: store)
  }

  private func gather(_ rows: NodeRows, _ nodes: [NodeID]) throws(StorageError) -> [Float] {
    var output = [Float](repeating: -1, count: nodes.count * rows.width)
    var span = output.mutableSpan
    try rows.copyRows(of: nodes.span, into: &span)
    return output
  }

  @Test(
    "come from any shards in the order of the nodes, empty shards among them",
    arguments: [1, 3, 100, 700], [[0, 300], [0, 0, 17, 17, 18, 299, 300], [0, 150, 300, 300]])
  func gathers(width: Int, bounds: [UInt64]) throws {
    let graph = try graph(nodes: 300, width: width, bounds: bounds)
    _ = try graph.store(at: folder.file("graph"))
    for budget in [.max, 400 * width, 0] {
      let rows = try rows(budget: budget)
      #expect(rows.staysMapped == (budget == .max))
      #expect(rows.nodeCount == 300)
      #expect(rows.byteCount == 300 * width * 4)
      var generator = SplitMix64(seed: UInt64(width))
      for count in [0, 1, 2, 31, 32, 33, 257, 1000] {
        let nodes = (0..<count).map { _ in
          NodeID(UInt64.random(in: 0..<300, using: &generator))
        }
        #expect(try gather(rows, nodes) == nodes.flatMap { graph.features[Int($0.rawValue)] })
      }
      // Rows that follow each other, over the bounds of shards and backwards.
      let runs = Array(0..<300) + Array(10..<20) + (140..<160).reversed() + [299, 299, 298, 299]
      let nodes = runs.map { NodeID(UInt64($0)) }
      #expect(try gather(rows, nodes) == runs.flatMap { graph.features[$0] })
    }
  }

  @Test(
    "are the same where there are more than the caches hold, in parts",
    arguments: [1, 4, 100, 103, 700])
  func gathersPastCaches(width: Int) throws {
    let graph = try graph(nodes: 300, width: width, bounds: [0, 120, 300])
    let store = try graph.store(at: folder.file("graph"))
    let rows = try NodeRows("features", of: NodeTypeID(0), in: store)
    var generator = SplitMix64(seed: UInt64(width))
    let count = (17 << 20) / (4 * width)
    let nodes = (0..<count).map { _ in NodeID(UInt64.random(in: 0..<300, using: &generator)) }
    var output = [Float](repeating: -1, count: count * width)
    var span = output.mutableSpan
    try rows.copyRows(of: nodes.span, into: &span)
    let wrong = nodes.indices.first { place in
      let features = graph.features[Int(nodes[place].rawValue)]
      return !output[place * width..<(place + 1) * width].elementsEqual(features)
    }
    #expect(wrong == nil)
  }

  @Test("are refused for a node that does not exist and for a column that is not there")
  func refusals() throws {
    let store = try graph(nodes: 30, width: 2, bounds: [0, 10, 30]).store(at: folder.file("graph"))
    let rows = try NodeRows("features", of: NodeTypeID(0), in: store)
    #expect(
      throws: StorageError.outOfRange(path: store.path, what: "node", index: 30, count: 30)
    ) {
      try gather(rows, [NodeID(29), NodeID(30), NodeID(0)])
    }
    #expect(throws: StorageError.self) {
      _ = try NodeRows("feature", of: NodeTypeID(0), in: store)
    }
  }

  @Test(
    "of a damaged MiB are refused by file and byte, those of other MiB are not",
    arguments: [.max, 2_000_000, 0])
  func damage(budget: Int) throws {
    // 400 bytes a row: 2,621 rows in the first MiB, 5,242 before the third; the second shard has all
    // but 1,000 rows.
    let graph = try graph(nodes: 9000, width: 100, bounds: [0, 1000, 9000])
    _ = try graph.store(at: folder.file("graph"))
    let file = folder.file("graph/shard-00001/nodes/t0000.c00.npy")
    let body = TestFile.read(file).count - 8000 * 400
    TestFile.flip(file, byte: body + (1 << 20) + 5)
    let rows = try rows(budget: budget)
    let intact = [NodeID(0), NodeID(999), NodeID(1000), NodeID(3600), NodeID(6300), NodeID(8999)]
    #expect(try gather(rows, intact) == intact.flatMap { graph.features[Int($0.rawValue)] })
    for node in [3621, 3622, 6242] as [UInt64] {
      let nodes: [NodeID] = intact + [NodeID(node)]
      let error = #expect(throws: StorageError.self) { try gather(rows, nodes) }
      guard case .wrongChecksum(let path, let byteOffset, _, _, _) = error else {
        Issue.record("\(String(describing: error))")
        continue
      }
      #expect(path == file)
      #expect(byteOffset == body + 1 << 20)
    }
  }

  @Test(
    "of a file that was cut off while it was mapped are refused",
    arguments: [.max, 1_000_000, 0])
  func truncation(budget: Int) throws {
    let graph = try graph(nodes: 5000, width: 100, bounds: [0, 5000])
    _ = try graph.store(at: folder.file("graph"))
    let file = folder.file("graph/shard-00000/nodes/t0000.c00.npy")
    let rows = try rows(budget: budget)
    // The last MiB was compared with its checksum before.
    _ = try gather(rows, [NodeID(0), NodeID(4998)])
    TestFile.resize(file, to: 4096)
    #expect(throws: StorageError.truncatedWhileMapped(path: file)) {
      try gather(rows, [NodeID(4999)])
    }
  }

  @Test("take no more memory of mapped files than they may", arguments: [.max, 4_000_000, 0])
  func memory(budget: Int) throws {
    let graph = try graph(nodes: 20_000, width: 100, bounds: [0, 20_000])
    _ = try graph.store(at: folder.file("graph"))
    let file = folder.file("graph/shard-00000/nodes/t0000.c00.npy")
    let rows = try rows(budget: budget)
    let nodes = stride(from: 0, to: 20_000, by: 3).map { NodeID(UInt64($0)) }
    try rows.readAhead(of: nodes.span)
    #expect(try gather(rows, nodes) == nodes.flatMap { graph.features[Int($0.rawValue)] })
    let resident = try ResidentMemory.kilobytes(of: file)
    switch budget {
    case .max: #expect(resident > 7000)
    case 0: #expect(resident == 0)
    // Three quarters of the budget, and what the kernel maps beside it.
    default: #expect(resident > 2500 && resident < 3000 + 2048)
    }
  }

  @Test("are read ahead page by page where they were touched before and lost, and no others are")
  func readAhead() throws {
    let graph = try graph(nodes: 40_000, width: 100, bounds: [0, 20_000, 40_000])
    _ = try graph.store(at: folder.file("graph"))
    let file = folder.file("graph/shard-00001/nodes/t0000.c00.npy")
    let store = try GraphStore.open(folder.file("graph"))
    let rows = try NodeRows("features", of: NodeTypeID(0), in: store)
    let all = (0..<40_000).map { NodeID(UInt64($0)) }
    try rows.readAhead(of: all.span)
    let descriptor = open(file, O_RDONLY)
    defer { close(descriptor) }
    fsync(descriptor)
    // The kernel lets go of what nobody has mapped.
    try store.nodeColumn("features", type: NodeTypeID(0), shard: ShardID(1))?.drop()
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
    let wanted = [19_990, 5, 9000, 5, 12_000, 15_000, 3000]
    let far = [1000, 7000, 17_000]
    // File systems that lie in memory keep all pages.
    if try Self.rowsInMemory(wanted + far, of: file) > 0 { return }
    let nodes = wanted.map { NodeID(UInt64(20_000 + $0)) }
    try rows.readAhead(of: nodes.span)
    for _ in 0..<5000 where try Self.rowsInMemory(wanted, of: file) < wanted.count { usleep(1000) }
    #expect(try Self.rowsInMemory(wanted, of: file) == wanted.count)
    #expect(try Self.rowsInMemory(far, of: file) == 0)
    #expect(try gather(rows, nodes) == wanted.flatMap { graph.features[20_000 + $0] })
  }

  /// How many of some rows of 400 bytes, of 20,000, are wholly in memory.
  private static func rowsInMemory(_ rows: [Int], of file: String) throws -> Int {
    let mapped = try MappedFile(path: file)
    let start = mapped.count - 20_000 * 400
    var count = 0
    for row in rows {
      let lower = start + row * 400
      if mapped.isInMemory(at: lower), mapped.isInMemory(at: lower + 399) { count += 1 }
    }
    return count
  }
}
