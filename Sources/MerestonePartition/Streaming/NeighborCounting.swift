internal import CMerestoneKernels

/// Counts, list by list, how many neighbours each shard has: the part of a streaming pass that
/// all threads share.
///
/// Neighbours in the window, whose shards may change before the node's turn, are moved to the
/// front of their list instead.
///
/// `@unchecked Sendable`: tiles are disjoint, and shards outside of the window do not change.
@safe struct NeighborCounting: @unchecked Sendable {
  private let offsets: UnsafePointer<UInt32>
  private let neighbors: UnsafeMutablePointer<UInt32>
  private let shards: UnsafeMutablePointer<UInt16>
  private let counts: UnsafeMutablePointer<UInt32>
  private let tallies: UnsafeMutablePointer<StreamingBlock.Tally>
  private let assignment: UnsafePointer<UInt16>
  private let windowStart: UInt32
  private let windowLength: UInt32
  /// One more than the shards: "not placed yet" counts as one.
  private let kinds: Int

  /// Lends the buffers of `block` to `body`.
  ///
  /// - Parameter assignment: The shard of every node; outlives the call.
  static func with<R>(
    _ block: StreamingBlock, assignment: UnsafeMutablePointer<UInt16>, window: Range<Int>,
    shards kinds: Int, _ body: (NeighborCounting) -> R
  ) -> R {
    // SAFETY: the pointers are used inside of the nested scopes only; no buffer is ever empty.
    unsafe block.scratch.offsets.withUnsafeBufferPointer { offsets in
      unsafe block.scratch.neighbors.withUnsafeMutableBufferPointer { neighbors in
        unsafe block.shards.withUnsafeMutableBufferPointer { shards in
          unsafe block.counts.withUnsafeMutableBufferPointer { counts in
            unsafe block.tallies.withUnsafeMutableBufferPointer { tallies in
              return unsafe body(
                NeighborCounting(
                  offsets: offsets.baseAddress!, neighbors: neighbors.baseAddress!,
                  shards: shards.baseAddress!, counts: counts.baseAddress!,
                  tallies: tallies.baseAddress!, assignment: UnsafePointer(assignment),
                  windowStart: UInt32(truncatingIfNeeded: window.lowerBound),
                  windowLength: UInt32(truncatingIfNeeded: window.count), kinds: kinds))
            }
          }
        }
      }
    }
  }

  /// - Parameter tile: Positions of nodes in the block.
  func count(_ tile: Range<Int>) {
    unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: kinds) { tally in
      unsafe withUnsafeTemporaryAllocation(of: UInt16.self, capacity: kinds + 1) { seen in
        unsafe tally.initialize(repeating: 0)
        unsafe seen.initialize(repeating: 0)
        // SAFETY: the block has an offset more than nodes.
        let end = unsafe Int(offsets[tile.upperBound])
        for node in tile {
          unsafe count(node, before: end, tally: tally.baseAddress!, seen: seen.baseAddress!)
        }
      }
    }
  }

  /// How many neighbours ahead shards are asked for.
  private static let distance = 32

  /// - Parameter end: Where the neighbours of the tile end.
  @inline(__always)
  private func count(
    _ node: Int, before end: Int, tally: UnsafeMutablePointer<UInt32>,
    seen: UnsafeMutablePointer<UInt16>
  ) {
    // SAFETY: offsets are ascending and end at the number of neighbours; neighbours are nodes of
    // the graph, and assigned values are below `kinds`; `inWindow` never passes `position`; a
    // list sees at most as many shards as it has neighbours, and at most `kinds`.
    let list = unsafe Int(offsets[node])..<Int(offsets[node &+ 1])
    var inWindow = list.lowerBound
    var seenCount = 0
    for position in list {
      // What is moved in lists that follow is a neighbour in any case, and asked for only.
      unsafe mrs_prefetch(
        assignment + Int(neighbors[min(position &+ Self.distance, end &- 1)]))
      let neighbor = unsafe neighbors[position]
      if neighbor &- windowStart < windowLength {
        unsafe neighbors[inWindow] = neighbor
        inWindow &+= 1
      } else {
        let shard = unsafe assignment[Int(neighbor)]
        let before = unsafe tally[Int(shard)]
        unsafe seen[seenCount] = shard
        seenCount &+= before == 0 ? 1 : 0
        unsafe tally[Int(shard)] = before &+ 1
      }
    }
    for index in 0..<seenCount {
      let shard = unsafe seen[index]
      unsafe shards[list.lowerBound &+ index] = shard
      unsafe counts[list.lowerBound &+ index] = tally[Int(shard)]
      unsafe tally[Int(shard)] = 0
    }
    unsafe tallies[node] = StreamingBlock.Tally(
      shards: UInt32(truncatingIfNeeded: seenCount),
      inWindow: UInt32(truncatingIfNeeded: inWindow &- list.lowerBound))
  }
}
