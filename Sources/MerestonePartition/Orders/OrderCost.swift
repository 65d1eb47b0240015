package import MerestoneCore
import MerestoneStorage

/// What an order costs to store, on a sample.
package enum OrderCost {
  private static let windows = 32
  /// Neighbours in all windows together, about.
  private static let sampleEntries = 1 << 21

  /// The size of the neighbourhoods of windows of consecutive global ids, in pages as edges are
  /// stored, in bits per neighbour; 0 for a graph without edges.
  ///
  /// - Parameter globals: The global id of every node.
  package static func bitsPerNeighbor(
    of source: some NeighborSource, globals: [UInt32], pool: ThreadPool,
    cancellation: Cancellation? = nil
  ) throws(PartitionError) -> Double {
    let keys = try sample(source, globals: globals, cancellation: cancellation)
    guard !keys.isEmpty else { return 0 }
    var sorted = keys
    KeySort.sort(&sorted, pool: pool, cancellation: cancellation)
    if cancellation?.isCancelled == true { throw .interrupted }
    let highest = UInt64(max(globals.count, 2) - 1)
    let idBytes = (UInt64.bitWidth - highest.leadingZeroBitCount + 7) / 8
    var planes = [UInt8](repeating: 0, count: PageCodec.edges * idBytes)
    var payload = planes
    var bytes = 0
    for lower in stride(from: 0, to: sorted.count, by: PageCodec.edges) {
      let ids = sorted[lower..<min(lower + PageCodec.edges, sorted.count)].map { $0 & 0xFFFF_FFFF }
      var planeSpan = planes.mutableSpan
      var payloadSpan = payload.mutableSpan
      bytes +=
        PageCodec.encode(ids.span, idBytes: idBytes, planes: &planeSpan, payload: &payloadSpan)
        ?? ids.count * idBytes
    }
    return 8 * Double(bytes) / Double(sorted.count)
  }

  /// Pairs of global ids, the node in the upper half, for all nodes of the windows.
  private static func sample(
    _ source: some NeighborSource, globals: [UInt32], cancellation: Cancellation?
  ) throws(PartitionError) -> [UInt64] {
    let spacing = max(1, (globals.count + windows - 1) / windows)
    // Windows of one part in so many of all nodes.
    let parts = max(1, (source.entryCount + sampleEntries - 1) / sampleEntries)
    let length = (spacing + parts - 1) / parts
    var keys: [UInt64] = []
    try source.forEachList(cancellation: cancellation) { node, list in
      let global = globals[node]
      // A window of hubs must not fill the memory.
      guard Int(global) % spacing < length, keys.count < 8 * sampleEntries else { return }
      for neighbor in list.prefix(8 * sampleEntries - keys.count) {
        keys.append(UInt64(global) << 32 | UInt64(globals[Int(neighbor)]))
      }
    }
    return keys
  }
}
