import Glibc
import MerestoneCore
import MerestoneSampling
import MerestoneStorage

/// What `inspect` says about a graph, from its manifest and the headers of its edge files.
struct GraphSummary {
  let path: String
  let manifest: GraphManifest

  /// Bytes of all edge files by stream.
  private(set) var pageBytes = 0
  /// Of the pages that hold the edges once more; `nil` where none do.
  private(set) var packedPageBytes: Int?
  private(set) var nodeIndexBytes = 0
  private(set) var edgeFileBytes = 0

  /// Bytes of the out-edges, ids included; 0 where they are not stored.
  private(set) var reverseBytes = 0
  private(set) var edgeColumnBytes = 0
  private(set) var cumulativeBytes = 0
  private(set) var timeOrderBytes = 0
  private(set) var nodeColumnBytes = 0
  private(set) var idBytes = 0
  private var unlistedBytes = 0

  /// How each relation is read for sampling.
  let reading: [ReadingPlan]

  /// - Parameter memory: The cap that sampling would have.
  init(_ store: GraphStore, memory: ByteCount) throws(StorageError) {
    reading = store.manifest.relations.indices.map {
      ReadingPlan(store.manifest, relation: RelationID($0), memory: memory)
    }
    path = store.path
    manifest = store.manifest
    for name in [GraphManifest.fileName, GraphManifest.reportName] {
      unlistedBytes += Self.bytes(ofFile: "\(path)/\(name)")
    }
    for relation in manifest.relations.indices {
      for shard in 0..<manifest.book.shardCount {
        guard let edges = try store.edges(RelationID(relation), shard: ShardID(shard)) else {
          continue
        }
        pageBytes += edges.pageBytes
        nodeIndexBytes += edges.nodeIndexBytes
        edgeFileBytes += edges.fileBytes
        guard manifest.relations[relation].hasPackedStream,
          let packed = try store.packedEdges(RelationID(relation), shard: ShardID(shard))
        else { continue }
        packedPageBytes = (packedPageBytes ?? 0) + packed.pageBytes
        edgeFileBytes += packed.fileBytes
      }
    }
    for file in manifest.files {
      if file.path.hasPrefix("ids/") {
        idBytes += file.bytes
      } else if file.path.contains("/nodes/") {
        nodeColumnBytes += file.bytes
      } else if file.path.hasSuffix(".rev") || file.path.hasSuffix(".rev.ids") {
        reverseBytes += file.bytes
      } else if file.path.contains(".sums.") {
        cumulativeBytes += file.bytes
      } else if file.path.contains(".order.") || file.path.contains(".times.") {
        timeOrderBytes += file.bytes
      } else if !file.path.hasSuffix(".csc"), !file.path.hasSuffix(".packed") {
        edgeColumnBytes += file.bytes
      }
    }
  }

  var nodes: Int { manifest.nodeTypes.reduce(0) { $0 + $1.count } }
  var edges: Int { manifest.relations.reduce(0) { $0 + $1.edgeCount } }
  var shards: Int { manifest.book.shardCount }

  /// Adjacency, as often as it is stored, and node index, over all edges; 0 where there are none.
  var bitsPerEdge: Double { bits(edgeFileBytes) }

  func bits(_ bytes: Int) -> Double { edges == 0 ? 0 : Double(bytes) * 8 / Double(edges) }

  /// Headers and directories of the edge files: what is neither page nor node index.
  var headerBytes: Int { edgeFileBytes - pageBytes - (packedPageBytes ?? 0) - nodeIndexBytes }

  /// Bytes of all files of the graph, the manifest and the report included.
  var diskBytes: Int { manifest.files.reduce(unlistedBytes) { $0 + $1.bytes } }

  private static func bytes(ofFile path: String) -> Int {
    var status = stat()
    // SAFETY: the path is zero-terminated for the call, and the structure outlives it.
    return unsafe stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  /// What other designs keep in memory to map global ids to shards and back, for this graph.
  var tables: [(name: String, key: String, bytes: Int)] {
    [
      ("dense 64-bit tables, both ways", "denseBothWays", 16 * (nodes + edges)),
      ("dense 64-bit tables, one way", "denseOneWay", 8 * (nodes + edges)),
      ("byte-wide owner tables", "ownerBytes", nodes + edges),
      ("hash maps, both ways", "hashMaps", 80 * (nodes + edges)),
    ]
  }
}
