import MerestoneIngest
import MerestoneStorage

/// What a look at parts of the input found.
///
/// Resident: 16 MiB, and 16 bytes for each edge that is kept, however large the input is.
struct EdgeSample {
  /// Edges that were looked at.
  private(set) var edges = 0
  /// Nodes seen among all, half and a quarter of the edges that were looked at.
  private(set) var distinct = DistinctSample()
  private(set) var distinctMarks: [(edges: Int, nodes: Double)] = []
  /// The largest integer id; for integers only.
  private(set) var largest: UInt64 = 0
  /// Bytes of ids that are strings, both ends.
  private(set) var wordBytes = 0
  private(set) var selfLoops = 0
  /// In-edges by destination, or by its hash where ids are wide.
  private(set) var inDegrees = [UInt32](repeating: 0, count: 1 << 16)
  /// All edges seen into some destinations, chosen by hash.
  private(set) var kept: [Edge] = []
  /// All edges seen out of these destinations, turned round; for undirected graphs only.
  private(set) var reversed: [Edge] = []
  /// Leading bits of a destination's hash that are zero for those that are kept.
  private var depth: UInt64 = 0

  /// An edge, by the ids of its ends, or the hashes of words.
  struct Edge: Hashable {
    var source: UInt64
    var destination: UInt64
  }

  /// Counters of in-edges, at most.
  private static let counterLimit = 1 << 22

  let kind: RawIDKind
  /// Whether every edge will have a reverse one.
  let isUndirected: Bool
  /// Edges that are kept, at most, but for a hub's.
  private let keptLimit: Int

  init(kind: RawIDKind, isUndirected: Bool, keptLimit: Int) {
    self.kind = kind
    self.isUndirected = isUndirected
    self.keptLimit = keptLimit
  }

  mutating func add(_ batch: EdgeBatch) {
    switch (batch.sources, batch.destinations) {
    case (.integers(let sources), .integers(let destinations)):
      for edge in 0..<min(sources.count, destinations.count) {
        largest = max(largest, max(sources[edge], destinations[edge]))
        add(sources[edge], destinations[edge])
      }
    case (.strings(let sources), .strings(let destinations)):
      wordBytes += Self.byteCount(sources) + Self.byteCount(destinations)
      for edge in 0..<min(sources.count, destinations.count) {
        add(Self.hash(sources, edge), Self.hash(destinations, edge))
      }
    default: break
    }
  }

  private static func byteCount(_ words: ByteStrings) -> Int {
    words.offsets[words.count] - words.offsets[0]
  }

  private static func hash(_ words: ByteStrings, _ index: Int) -> UInt64 {
    let range = words.range(index)
    // SAFETY: bytes have no padding.
    return RawIDHash.hash(unsafe words.bytes.span.bytes.extracting(range))
  }

  private mutating func add(_ source: UInt64, _ destination: UInt64) {
    edges &+= 1
    if source == destination { selfLoops &+= 1 }
    let (from, into) = (RawIDHash.mix(source), RawIDHash.mix(destination))
    distinct.insert(hash: from)
    distinct.insert(hash: into)
    let counter = counter(of: destination)
    inDegrees[counter] &+= 1
    if isKept(into) { kept.append(Edge(source: source, destination: destination)) }
    if isUndirected, source != destination {
      let counter = self.counter(of: source)
      inDegrees[counter] &+= 1
      if isKept(from) { reversed.append(Edge(source: destination, destination: source)) }
    }
    if kept.count + reversed.count > keptLimit { keepFewer() }
  }

  @inline(__always) private func isKept(_ hash: UInt64) -> Bool {
    depth == 0 || hash &>> (64 &- depth) == 0
  }

  private mutating func keepFewer() {
    while kept.count + reversed.count > keptLimit, depth < 48 {
      depth += 1
      let fewer = kept.filter { isKept(RawIDHash.mix($0.destination)) }
      let fewerReversed = reversed.filter { isKept(RawIDHash.mix($0.destination)) }
      // A hub stays whole, as long as there is room.
      if fewer.isEmpty, kept.count + reversed.count < 2 * keptLimit { break }
      kept = fewer
      reversed = fewerReversed
    }
  }

  /// Remembers how many nodes the edges so far have.
  mutating func mark() { distinctMarks.append((edges, distinct.estimate)) }

  /// The counter of a destination; there are more as ids grow.
  private mutating func counter(of id: UInt64) -> Int {
    while id >= UInt64(inDegrees.count), inDegrees.count < Self.counterLimit {
      inDegrees.append(contentsOf: repeatElement(0, count: inDegrees.count))
    }
    return place(of: id)
  }

  /// The counter of any id.
  func place(of id: UInt64) -> Int {
    if id < UInt64(inDegrees.count) { return Int(id) }
    return Int(truncatingIfNeeded: RawIDHash.mix(id) % UInt64(inDegrees.count))
  }

  // MARK: - The whole

  /// The nodes of the whole input.
  ///
  /// The growth per doubling of the edges is taken to shrink as it did last.
  ///
  /// - Parameter total: Edges of the whole input.
  func nodes(ofEdges total: Int) -> Int {
    var nodes = distinct.estimate
    let limit = kind == .integer ? Double(largest) + 1 : Double(total) * 2
    guard edges > 0, total > edges else { return Int(min(nodes, limit)) }
    let marks = distinctMarks.suffix(3)
    if marks.count == 3, let first = marks.first, let last = marks.last, first.nodes > 0 {
      let middle = marks[marks.startIndex + 1]
      var growth = middle.nodes > 0 ? last.nodes / middle.nodes : 1
      let before = middle.nodes / first.nodes
      let decay = min(1, max(0.3, before > 1.0001 ? (growth - 1) / (before - 1) : 0.3))
      var left = Double(total) / Double(edges)
      while left > 1 {
        growth = 1 + (growth - 1) * decay
        let share = min(1, left - 1)
        nodes *= 1 + (growth - 1) * share
        left /= 2
      }
    }
    return Int(min(nodes, limit, 2 * Double(total)))
  }
}
