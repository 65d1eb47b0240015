internal import CMerestoneKernels
package import MerestoneCore
package import MerestoneStorage

/// One relation's packed pages, read where they lie in the mapped files: any edge in O(1), nothing
/// decoded.
///
/// A table says where each page's values start; a page enters it when it is first touched and has
/// been verified. 16 bytes for 4,096 edges.
///
/// `@unchecked Sendable`: the kernel publishes a table entry to other threads with release and
/// acquire.
@safe package final class PackedTopology: @unchecked Sendable {
  private let shards: [EdgeStore?]
  let pageCut: BucketCut
  /// Where each destination's list starts. Shape `[destinations + 1]`.
  let indptr: [UInt64]
  let table: UnsafeMutablePointer<mrs_packed_page>

  /// Opens the files and decodes where lists start: 8 bytes for each destination.
  ///
  /// - Throws: The store's error where a file is damaged; `nil` where pages are not packed.
  package init?(
    _ store: GraphStore, relation: RelationID, pool: ThreadPool
  ) throws(SamplingError) {
    guard store.manifest.relations[relation.rawValue].isPacked else { return nil }
    var shards: [EdgeStore?] = []
    var lists: [EdgeStore?] = []
    do throws(StorageError) {
      for shard in 0..<store.book.shardCount {
        shards.append(try store.packedEdges(relation, shard: ShardID(shard)))
        lists.append(try store.edges(relation, shard: ShardID(shard)))
      }
    } catch {
      throw .storage(error)
    }
    for case .some(let edges) in shards where edges.pageFormat != .packed { return nil }
    for case .some(let edges) in shards { edges.preferHugePages() }
    self.shards = shards
    indptr = try Self.listStarts(store, relation, lists, pool)
    // Where the pages are a second stream, nothing of the first is needed any more.
    for case .some(let edges) in lists where edges.pageFormat != .packed { edges.drop() }
    pageCut = BucketCut(
      bounds: [0]
        + (0..<shards.count).map {
          store.book.edges(of: relation, in: ShardID($0)).upperBound
        },
      shift: PageCodec.edges.trailingZeroBitCount)
    unsafe table = .allocate(capacity: max(1, pageCut.count))
    unsafe table.initialize(repeating: mrs_packed_page(), count: max(1, pageCut.count))
  }

  deinit { unsafe table.deallocate() }

  private static func listStarts(
    _ store: GraphStore, _ relation: RelationID, _ shards: [EdgeStore?], _ pool: ThreadPool
  ) throws(SamplingError) -> [UInt64] {
    let type = NodeTypeID(store.manifest.relations[relation.rawValue].destinationType)
    let count = store.book.nodeCount(of: type)
    var indptr = [UInt64](inHugePages: 0, count: count + 1)
    do throws(StorageError) {
      try indptr.withSharedBuffer { indptr throws(StorageError) in
        for shard in shards.indices {
          let nodes = store.book.nodes(of: type, in: ShardID(shard))
          let base = store.book.edges(of: relation, in: ShardID(shard)).lowerBound
          let tile = 1 << 14
          try pool.forEach((nodes.count + tile - 1) / tile) { index throws(StorageError) in
            let locals = index * tile..<min((index + 1) * tile, nodes.count)
            let first = Int(nodes.lowerBound)
            try indptr.withPart(first + locals.lowerBound..<first + locals.upperBound) {
              part throws(StorageError) in
              if let edges = shards[shard] {
                try edges.decodeOffsets(locals, into: &part, adding: base)
              } else {
                for place in part.indices { part[place] = base }
              }
            }
          }
        }
      }
    } catch {
      throw .storage(error)
    }
    indptr[count] = UInt64(store.book.edgeCount(of: relation))
    return indptr
  }

  /// What it keeps in memory beside the mapped files.
  package static func byteCount(of relation: RelationID, in manifest: GraphManifest) -> Int {
    let entry = manifest.relations[relation.rawValue]
    return 8 * (manifest.nodeTypes[entry.destinationType].count + 1)
      + entry.edgeCount / PageCodec.edges * 16
  }

  /// See ``InEdgeReader/readLists(of:into:)``; `lists` is long enough.
  func readLists(of nodes: [NodeID], into lists: inout [EdgeList]) {
    for place in nodes.indices {
      let node = Int(nodes[place].rawValue)
      let start = indptr[node]
      lists[place] = EdgeList(start: start, count: indptr[node + 1] &- start)
    }
  }

  /// See ``InEdgeReader/readSources(of:into:)``; `sources` is long enough.
  func readSources(of edges: [EdgeID], into sources: inout [NodeID]) throws(SamplingError) {
    var span = sources.mutableSpan
    var done = 0
    while done < edges.count {
      var missing = 0
      done += unsafe edges.withUnsafeBufferPointer { edges in
        unsafe span.withUnsafeMutableBufferPointer { sources in
          unsafe pageCut.withKernel { cut in
            // SAFETY: an id is one word; edges exist, and `sources` has room for theirs.
            unsafe mrs_packed_read(
              table, cut,
              UnsafeRawPointer(edges.baseAddress! + done).assumingMemoryBound(
                to: UInt64.self), edges.count - done,
              UnsafeMutableRawPointer(sources.baseAddress! + done).assumingMemoryBound(
                to: UInt64.self), &missing)
          }
        }
      }
      if done < edges.count { try load(missing) }
    }
  }

  /// Verifies a page and enters it into the table.
  func load(_ page: Int) throws(SamplingError) {
    let (shard, locals) = pageCut.range(of: page)
    guard let edges = shards[shard.rawValue] else {
      preconditionFailure("a page in a shard without edges")
    }
    do throws(StorageError) {
      try unsafe edges.withPackedValues(ofPage: locals.lowerBound / edges.pageEdges) {
        // SAFETY: the mapping lives as long as the store, which this object holds.
        unsafe mrs_packed_enter(
          table + page, $0.assumingMemoryBound(to: UInt8.self), $1.smallest, UInt32($1.bits))
      }
    } catch {
      throw .storage(error)
    }
  }
}
