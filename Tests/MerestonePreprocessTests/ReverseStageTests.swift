import MerestoneCore
import MerestoneStorage
import MerestoneTestSupport
import Testing

@testable import MerestonePreprocess

@Suite("The stage that stores out-edges")
struct ReverseStageTests {
  let folder = TemporaryFolder()

  /// Runs the stage over the edges of a graph, in a writer of its own, and returns its files' bytes.
  func run(
    over graph: TestGraph, _ store: GraphStore, name: String, memory: Int, threads: Int,
    killedAt checkpoints: [Int] = []
  ) throws -> [String: [UInt8]] {
    let writer = try GraphWriter(
      output: folder.file(name), shards: store.book.shardCount, resuming: true)
    let shards = (0..<store.book.shardCount).map { ShardID($0) }
    for shard in shards {
      let path = GraphLayout.edges(RelationID(0), shard: shard)
      if store.book.edges(of: RelationID(0), in: shard).isEmpty { continue }
      TestFile.write(TestFile.read("\(store.path)/\(path)"), to: writer.path(path))
    }
    let scratch = folder.file(name + ".temporary")
    try TemporaryPlace.make(scratch)
    var stage = ReverseStage(
      relation: RelationID(0), sourceBounds: graph.bounds, destinationBounds: graph.bounds,
      edgeBounds: [0]
        + shards.map { store.book.edges(of: RelationID(0), in: $0).upperBound },
      writer: writer, folder: scratch, memory: memory, pool: ThreadPool(threads: threads),
      progress: SilentProgress(), cancellation: Cancellation())
    stage.edgesPerCheckpoint = 1
    stage.smallestBucket = 300
    var record = ReverseStage.Record()
    for last in checkpoints + [.max] { record = try Self.run(stage, from: record, until: last) }
    #expect(record.isComplete)
    #expect(record.files.map(\.path).allSatisfy { $0.contains(".rev") })
    var files: [String: [UInt8]] = [:]
    for shard in shards {
      for path in [
        GraphLayout.reverse(RelationID(0), shard: shard),
        GraphLayout.reverseIDs(RelationID(0), shard: shard),
      ] where record.entry!.shardEdges[shard.rawValue] > 0 {
        files[path] = TestFile.read(writer.path(path))
      }
      #expect(
        TemporaryFolder.entries(writer.path("\(GraphLayout.folder(shard))/edges"))
          .allSatisfy { !$0.contains(".index") && !$0.contains(".partial") })
    }
    return files
  }

  /// Runs the stage until it has written its journal so often.
  /// - Returns: What the journal says then.
  private static func run(
    _ stage: ReverseStage, from record: ReverseStage.Record, until last: Int
  ) throws -> ReverseStage.Record {
    var kept = record
    var count = 0
    let outcome = Result { () throws(PreprocessError) -> ReverseStage.Record in
      try stage.run(from: record) { (state) throws(PreprocessError) in
        kept = state
        count += 1
        if count == last { throw .interrupted }
      }
    }
    if case .failure(let error) = outcome, error != .interrupted { throw error }
    return kept
  }

  /// A hub has a third of all edges.
  func graph(seed: UInt64) -> TestGraph {
    var graph = TestGraph(nodes: 900, meanInDegree: 30, shards: 3, seed: seed)
    for node in stride(from: 0, to: 900, by: 2) {
      graph.lists[node] = (graph.lists[node] + [UInt64](repeating: 400, count: 20)).sorted()
    }
    graph.storesReverse = true
    return graph
  }

  @Test("gives the same bytes with any memory, threads and cuts of a hub", arguments: 1...3)
  func memory(seed: Int) throws {
    let graph = graph(seed: UInt64(seed))
    let store = try graph.store(at: folder.file("graph"))
    for (number, memory) in [1 << 24, 30_000, 3_000].enumerated() {
      let files = try run(
        over: graph, store, name: "g\(number)", memory: memory, threads: 1 + number)
      #expect(files.count == 6)
      for (path, bytes) in files {
        #expect(bytes == TestFile.read("\(store.path)/\(path)"), "\(path), \(memory) bytes")
      }
    }
  }

  @Test(
    "goes on from every checkpoint to the same bytes", arguments: [[1], [3, 4], [2, 5, 1, 9]])
  func resumes(checkpoints: [Int]) throws {
    let graph = graph(seed: 7)
    let store = try graph.store(at: folder.file("graph"))
    let files = try run(
      over: graph, store, name: "g", memory: 1 << 20, threads: 2, killedAt: checkpoints)
    for (path, bytes) in files {
      #expect(bytes == TestFile.read("\(store.path)/\(path)"), "\(path)")
    }
  }
}
