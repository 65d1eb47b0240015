import MerestoneStorage

/// One block on its way through a streaming pass: read, counted on all threads, placed.
///
/// `@unchecked Sendable`: in each step of the pass a block is in one phase; reading and placing
/// are done by one thread each, counting by all on disjoint tiles.
final class StreamingBlock: @unchecked Sendable {
  var scratch = NeighborScratch()
  /// The nodes of the block; empty for a block that is not there.
  var nodes = 0..<0
  /// From each list's start on: the shards seen in the list, and how often each.
  var shards: [UInt16] = [0]
  var counts: [UInt32] = [0]
  /// How many shards each list has seen, and how many of its neighbours, moved to the list's
  /// front, are still to be counted because they lie in the window.
  var tallies = [Tally()]
  var failure: StorageError?

  struct Tally: BitwiseCopyable {
    var shards: UInt32 = 0
    var inWindow: UInt32 = 0
  }

  func read(_ block: Int, of source: some NeighborSource) {
    do throws(StorageError) {
      try source.read(block, into: &scratch)
      nodes = source.nodes(ofBlock: block)
      if tallies.count < nodes.count { tallies = Array(repeating: Tally(), count: nodes.count) }
      if shards.count < scratch.entryCount {
        shards = []
        shards = Array(repeating: 0, count: scratch.entryCount)
        counts = []
        counts = Array(repeating: 0, count: scratch.entryCount)
      }
    } catch {
      failure = error
      nodes = 0..<0
    }
  }
}
