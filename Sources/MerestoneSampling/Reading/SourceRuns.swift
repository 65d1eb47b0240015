import MerestoneCore

/// Reads the sources of consecutive edges where they lie decoded, or a run of them at a time, in 32 bits.
///
/// - Precondition: The sources' type has at most 2^32 nodes.
@safe struct SourceRuns {
  // Held for what lies in it; the object itself is counted by all threads.
  private let flat: FlatTopology?
  private let low: UnsafeBufferPointer<UInt32>?
  private var cursor: PageCursor<UInt32>?
  private var edges: [EdgeID] = []
  private var sources: [NodeID] = []
  private var narrow: [UInt32] = []
  private var start = 0

  // Edges that are read at once.
  private static let run: UInt64 = 1 << 14

  init(_ topology: Topology) {
    flat = topology.flat
    unsafe low = flat?.low
    cursor = topology.isInPlace ? nil : PageCursor(topology)
  }

  /// All sources, where they are decoded.
  var decoded: UnsafeBufferPointer<UInt32>? { unsafe low }

  /// Whether pages are decoded for what is read.
  var isPaged: Bool { cursor != nil }

  /// Reads as many of the first edges of a range as come at once.
  ///
  /// - Parameters:
  ///   - range: Not empty; the edges exist.
  ///   - reader: Of the same topology.
  /// - Returns: The edges that were read.
  mutating func read(
    _ range: Range<UInt64>, _ reader: inout InEdgeReader
  ) throws(SamplingError) -> Range<UInt64> {
    let part = range.lowerBound..<min(range.lowerBound &+ Self.run, range.upperBound)
    if let low = unsafe low {
      precondition(part.upperBound <= UInt64(low.count))
      start = Int(part.lowerBound)
      return part
    }
    if cursor != nil {
      let held = try cursor!.seek(part.lowerBound)
      start = held.lowerBound
      return part.lowerBound..<min(part.lowerBound &+ UInt64(held.count), part.upperBound)
    }
    edges.removeAll(keepingCapacity: true)
    for edge in part { edges.append(EdgeID(edge)) }
    try reader.readSources(of: edges, into: &sources)
    narrow.removeAll(keepingCapacity: true)
    narrow.append(
      contentsOf: sources[..<edges.count].lazy.map { UInt32(truncatingIfNeeded: $0.rawValue) })
    start = 0
    return part
  }

  /// Lends the sources that were read last, one for each edge.
  @unsafe func withLast<R>(_ body: (UnsafePointer<UInt32>) -> R) -> R {
    // SAFETY: `read` found the edges from `start` on.
    if let low = unsafe low { return unsafe body(low.baseAddress! + start) }
    return unsafe (cursor?.ids ?? narrow).withUnsafeBufferPointer {
      unsafe body($0.baseAddress! + start)
    }
  }
}
