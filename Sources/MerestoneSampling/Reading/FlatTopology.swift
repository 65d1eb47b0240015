internal import CMerestoneKernels
package import MerestoneCore
package import MerestoneStorage

/// One relation's in-edge CSC decoded into shared memory: the fastest way to read it.
///
/// Layout of the memory, by sections that start at multiples of 64 bytes:
///
/// | section | element | count |
/// |---|---|---|
/// | indptr | u64 | destinations + 1 |
/// | sources, low 32 bits | u32 | edges |
/// | sources, high 8 bits | u8 | edges, only from 2^32 source nodes on |
///
/// Positions are global edge ids, because shards own consecutive edges.
///
/// `@unchecked Sendable`: nothing writes the memory after `init`.
@safe package final class FlatTopology: @unchecked Sendable {
  package let memory: SharedMemory
  let indptr: UnsafeBufferPointer<UInt64>
  let low: UnsafeBufferPointer<UInt32>
  let high: UnsafeBufferPointer<UInt8>

  private struct Layout {
    let destinationCount: Int
    let edgeCount: Int
    let isWide: Bool

    init(_ manifest: GraphManifest, _ relation: RelationID) {
      let entry = manifest.relations[relation.rawValue]
      destinationCount = manifest.nodeTypes[entry.destinationType].count
      edgeCount = entry.edgeCount
      isWide = manifest.nodeTypes[entry.sourceType].count > 1 << 32
    }

    var lowOffset: Int { Self.aligned((destinationCount + 1) * 8) }
    var highOffset: Int { Self.aligned(lowOffset + edgeCount * 4) }
    var byteCount: Int { highOffset + (isWide ? edgeCount : 0) }

    private static func aligned(_ bytes: Int) -> Int { (bytes + 63) & ~63 }
  }

  /// The memory that the decoded relation takes.
  package static func byteCount(of relation: RelationID, in manifest: GraphManifest) -> Int {
    Layout(manifest, relation).byteCount
  }

  /// Maps a relation that another process has decoded; takes over the descriptor.
  package convenience init(
    adopting descriptor: Int32, relation: RelationID, in manifest: GraphManifest
  ) throws(SamplingError) {
    let layout = Layout(manifest, relation)
    do throws(SharedMemory.Failure) {
      self.init(
        memory: try SharedMemory(adopting: descriptor, byteCount: layout.byteCount), layout)
    } catch {
      throw .sharedMemory(error)
    }
  }

  /// Decodes a relation, page by page on all threads of `pool`.
  ///
  /// The files are given back behind it, so that they do not count as memory beside what was decoded.
  ///
  /// - Complexity: O(edges + destinations); the memory is reserved before the first page is read.
  package convenience init(
    decoding relation: RelationID, of store: GraphStore, pool: ThreadPool,
    cancellation: Cancellation = Cancellation()
  ) throws(SamplingError) {
    let layout = Layout(store.manifest, relation)
    let memory: SharedMemory
    do throws(SharedMemory.Failure) {
      memory = try SharedMemory(byteCount: layout.byteCount)
    } catch {
      throw .sharedMemory(error)
    }
    for shard in 0..<store.book.shardCount {
      try Self.decode(
        relation, ShardID(shard), of: store, into: memory, layout, pool, cancellation)
    }
    // SAFETY: the section was laid out with this many elements.
    unsafe memory.elements(UInt64.self, at: 0, count: layout.destinationCount + 1)[
      layout.destinationCount] = UInt64(layout.edgeCount)
    self.init(memory: memory, layout)
  }

  private init(memory: SharedMemory, _ layout: Layout) {
    self.memory = memory
    // SAFETY: `memory` holds all sections and lives as long as this object.
    unsafe indptr = UnsafeBufferPointer(
      memory.elements(UInt64.self, at: 0, count: layout.destinationCount + 1))
    unsafe low = UnsafeBufferPointer(
      memory.elements(UInt32.self, at: layout.lowOffset, count: layout.edgeCount))
    unsafe high = UnsafeBufferPointer(
      memory.elements(
        UInt8.self, at: layout.highOffset, count: layout.isWide ? layout.edgeCount : 0))
  }

  /// Pages that are decoded before they are given back: some 16 MiB.
  private static let pagesHeld = 2048

  private static func decode(
    _ relation: RelationID, _ shard: ShardID, of store: GraphStore, into memory: SharedMemory,
    _ layout: Layout, _ pool: ThreadPool, _ cancellation: Cancellation
  ) throws(SamplingError) {
    let edgeBounds = store.book.edges(of: relation, in: shard)
    let destinationType = store.manifest.relations[relation.rawValue].destinationType
    let nodeBounds = store.book.nodes(of: NodeTypeID(destinationType), in: shard)
    // SAFETY: sections are laid out inside the memory; each loop index writes a part of its own.
    let indptr = unsafe SharedBuffer(
      unsafe: memory.elements(UInt64.self, at: 0, count: layout.destinationCount + 1))
    let low = unsafe SharedBuffer(
      unsafe: memory.elements(UInt32.self, at: layout.lowOffset, count: layout.edgeCount))
    let high = unsafe SharedBuffer(
      unsafe: memory.elements(
        UInt8.self, at: layout.highOffset, count: layout.isWide ? layout.edgeCount : 0))
    let edges: EdgeStore?
    do throws(StorageError) {
      edges = try store.edges(relation, shard: shard)
    } catch {
      throw .storage(error)
    }
    guard let edges else {
      let range = Int(nodeBounds.lowerBound)..<Int(nodeBounds.upperBound)
      indptr.withPart(range) { part in
        for index in part.indices { part[index] = edgeBounds.lowerBound }
      }
      return
    }
    let destinationTile = 1 << 14
    let tiles = (edges.destinationCount + destinationTile - 1) / destinationTile
    let isWide = layout.isWide
    // Nobody reads these pages again.
    defer { edges.drop() }
    try pool.forEach(tiles + edges.pageCount) { index throws(SamplingError) in
      if cancellation.isCancelled { throw .cancelled }
      do throws(StorageError) {
        if index < tiles {
          let lower = index * destinationTile
          let upper = min(lower + destinationTile, edges.destinationCount)
          let base = Int(nodeBounds.lowerBound)
          try indptr.withPart(base + lower..<base + upper) { part throws(StorageError) in
            try edges.decodeOffsets(
              lower..<upper, into: &part, adding: edgeBounds.lowerBound)
          }
          return
        }
        let page = index - tiles
        if page > 0, page % Self.pagesHeld == 0 { edges.drop() }
        let first = Int(edgeBounds.lowerBound) + page * edges.pageEdges
        let count = min(edges.pageEdges, edges.edgeCount - page * edges.pageEdges)
        var scratch = PageScratch()
        if !isWide {
          try low.withPart(first..<first + count) { part throws(StorageError) in
            try UInt32.decode(page, of: edges, into: &part, scratch: &scratch)
          }
        } else {
          var sources = [UInt64](repeating: 0, count: edges.pageEdges)
          var span = sources.mutableSpan
          _ = try edges.decodePage(page, into: &span, scratch: &scratch)
          low.withPart(first..<first + count) { part in
            for i in 0..<count { part[i] = UInt32(truncatingIfNeeded: sources[i]) }
          }
          high.withPart(first..<first + count) { part in
            for i in 0..<count { part[i] = UInt8(truncatingIfNeeded: sources[i] >> 32) }
          }
        }
      } catch {
        throw .storage(error)
      }
    }
  }
}

extension FlatTopology {
  /// See ``InEdgeReader/readLists(of:into:)``; `lists` is long enough.
  func readLists(of nodes: [NodeID], into lists: inout [EdgeList]) {
    let count = UInt64(unsafe indptr.count - 1)
    var span = lists.mutableSpan
    let ahead = 64
    for place in nodes.indices {
      if place &+ ahead < nodes.count {
        // SAFETY: nothing is read; a node out of range does not get further than its turn.
        unsafe mrs_prefetch(
          UnsafeRawPointer(indptr.baseAddress!)
            + Int(truncatingIfNeeded: nodes[place &+ ahead].rawValue &* 8))
      }
      let node = nodes[place].rawValue
      precondition(node < count, "node \(node) is out of range")
      // SAFETY: checked above.
      let start = unsafe indptr[Int(node)]
      let end = unsafe indptr[Int(node) &+ 1]
      span[place] = EdgeList(start: start, count: end &- start)
    }
  }

  /// See ``InEdgeReader/readSources(of:into:)``; `sources` is long enough.
  func readSources(of edges: [EdgeID], into sources: inout [NodeID]) {
    let count = UInt64(unsafe low.count)
    var span = sources.mutableSpan
    let isWide = unsafe !high.isEmpty
    let ahead = 32
    for place in edges.indices {
      if place &+ ahead < edges.count {
        // SAFETY: nothing is read; an edge out of range does not get further than its turn.
        unsafe mrs_prefetch(
          UnsafeRawPointer(low.baseAddress!)
            + Int(truncatingIfNeeded: edges[place &+ ahead].rawValue &* 4))
      }
      let edge = edges[place].rawValue
      precondition(edge < count, "edge \(edge) is out of range")
      // SAFETY: checked above; where there are high parts, there is one per edge.
      var source = unsafe UInt64(low[Int(edge)])
      if isWide { source |= unsafe UInt64(high[Int(edge)]) &<< 32 }
      span[place] = NodeID(source)
    }
  }
}
