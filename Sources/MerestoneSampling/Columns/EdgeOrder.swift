package import MerestoneCore
import MerestoneStorage

/// The order of every list's edges by the values of a column, the largest first and among equal ones
/// the earlier first; shared by all samplers.
///
/// Where memory allows, the order is kept, 4 bytes per edge, so that the largest values of a list are
/// read off; of times also the times themselves, 4 more, so that the edges that are not later than a
/// time are found in O(log list). Where it does not, but the graph has the order (``TimeOrder``), that is
/// searched in its files. Else a list is gone through as it is met. All give the same edges.
package final class EdgeOrder: Sendable {
  /// What the values are.
  package enum Kind: Sendable {
    /// Numbers: compared as doubles, so that integers past 2^53 that round alike are equal.
    case weights
    /// Times: integers.
    case times
  }

  package let edges: EdgeColumn

  /// For every list the positions of its edges in that order, followed by ``none`` for each that the
  /// edge set leaves out. Shape `[edges]`; empty where the order is not kept.
  let positions: SharedTable<UInt32>

  /// The times in the same order, as `(latest - time) >> shift`. Shape `[edges]`, or empty.
  let keys: SharedTable<UInt32>

  /// The latest of all times.
  let latest: Int64
  /// The lowest bits of times that the keys leave out: none where times span less than 2^32.
  let shift: UInt64

  static let none = UInt32.max

  /// Whether the order is kept.
  var isKept: Bool { positions.count > 0 }

  /// Whether the order need not be kept, because the graph has it.
  var isStored: Bool { edges.order != nil }

  /// The memory that the order takes, in bytes.
  package var byteCount: Int { (positions.count + keys.count) * MemoryLayout<UInt32>.size }

  /// Opens a column, and keeps every list's order by it where memory allows.
  ///
  /// - Parameters:
  ///   - memory: What the order may take; 0 keeps none.
  /// - Throws: What ``EdgeColumn/init(_:of:)`` throws; ``SamplingError/timesNotIntegers(column:)``;
  ///   where the order is kept also
  ///   ``SamplingError/badWeight(column:value:edge:source:destination:)`` for weights that are no
  ///   numbers, which is thrown when the edge is met otherwise; ``SamplingError/cancelled``.
  /// - Complexity: O(edges) on all threads where the order is kept: the column is read once, of times
  ///   twice. Else O(shards).
  package init(
    _ name: String, _ kind: Kind, of topology: Topology, memory: ByteCount, pool: ThreadPool,
    cancellation: Cancellation = Cancellation()
  ) throws(SamplingError) {
    edges = try EdgeColumn(name, of: topology, usesOrder: kind == .times)
    if kind == .times { try edges.checkHoldsTimes() }
    let entry = topology.store.manifest.relations[topology.relation.rawValue]
    let bytesPerEdge = (kind == .times ? 2 : 1) * MemoryLayout<UInt32>.size
    let isKept =
      entry.edgeCount > 0 && entry.maxInDegree < Self.none
      && entry.edgeCount <= memory.bytes / bytesPerEdge
      && entry.maxInDegree <= memory.bytes / edges.bytesPerSortedEdge
    let edges = edges
    var span = Int64.max...Int64.max
    if isKept, kind == .times {
      var earliest = [Int64](repeating: .max, count: edges.tileCount)
      var latest = [Int64](repeating: .min, count: edges.tileCount)
      try earliest.withSharedBuffer { earliest throws(SamplingError) in
        try latest.withSharedBuffer { latest throws(SamplingError) in
          try edges.forEachTile(pool, cancellation) { index, nodes throws(SamplingError) in
            var body = Spanning(edges: edges, nodes: nodes)
            try edges.element.with(&body)
            earliest.withPart(index..<index + 1) { $0[0] = body.earliest }
            latest.withPart(index..<index + 1) { $0[0] = body.latest }
          }
        }
      }
      if let first = earliest.min(), let last = latest.max(), first <= last { span = first...last }
    }
    let (latest, shift) = (span.upperBound, Self.shift(for: span))
    (self.latest, self.shift) = (latest, shift)
    var keys: SharedTable<UInt32>?
    positions = try SharedTable(
      count: isKept ? entry.edgeCount : 0, zero: 0
    ) { positions throws(SamplingError) in
      keys = try SharedTable(
        count: isKept && kind == .times ? entry.edgeCount : 0, zero: 0
      ) { keys throws(SamplingError) in
        guard isKept else { return }
        try edges.forEachTile(pool, cancellation) { _, nodes throws(SamplingError) in
          if edges.order != nil {
            var body = Copying(
              edges: edges, nodes: nodes, latest: latest, shift: shift, positions: positions,
              keys: keys)
            try edges.element.with(&body)
          } else {
            var body = Sorting(
              edges: edges, nodes: nodes, kind: kind, latest: latest, shift: shift,
              positions: positions, keys: keys)
            try edges.element.with(&body)
          }
        }
      }
    }
    self.keys = keys!
  }

  /// How many bits of differences between times do not fit a key.
  static func shift(for span: ClosedRange<Int64>) -> UInt64 {
    let width = UInt64(bitPattern: span.upperBound &- span.lowerBound)
    return UInt64(max(0, UInt32.bitWidth - width.leadingZeroBitCount))
  }
}

/// Finds the first and the last time of some nodes' edges.
private struct Spanning: EdgeValueBody {
  let edges: EdgeColumn
  let nodes: Range<Int>
  private(set) var earliest = Int64.max
  private(set) var latest = Int64.min

  init(edges: EdgeColumn, nodes: Range<Int>) {
    self.edges = edges
    self.nodes = nodes
  }

  mutating func run<Value: EdgeValue>(_ type: Value.Type) throws(SamplingError) {
    var reader = InEdgeReader(edges.topology)
    var lists: [EdgeList] = []
    var part = ReadPart(edges)
    try reader.readLists(of: nodes.map { NodeID(UInt64($0)) }, into: &lists)
    for list in lists[..<nodes.count] where list.count > 0 {
      // SAFETY: the list is a node's, and not empty; positions are below its count.
      let values = unsafe try edges.values(of: list, as: Value.self)
      for position in 0..<Int(list.count) {
        let time = unsafe values[position].time
        earliest = min(earliest, time)
        latest = max(latest, time)
      }
      part.read(list)
    }
    try edges.checkIntact()
  }
}

/// Sorts the lists of some nodes.
private struct Sorting: EdgeValueBody {
  let edges: EdgeColumn
  let nodes: Range<Int>
  let kind: EdgeOrder.Kind
  let latest: Int64
  let shift: UInt64
  let positions: SharedBuffer<UInt32>
  let keys: SharedBuffer<UInt32>

  mutating func run<Value: EdgeValue>(_ type: Value.Type) throws(SamplingError) {
    var reader = InEdgeReader(edges.topology)
    var lists: [EdgeList] = []
    let relation = edges.topology.relation.rawValue
    let longest = edges.topology.store.manifest.relations[relation].maxInDegree
    var sorted = KeyedPositions(limit: longest)
    var part = ReadPart(edges)
    try reader.readLists(of: nodes.map { NodeID(UInt64($0)) }, into: &lists)
    for (place, list) in lists[..<nodes.count].enumerated() where list.count > 0 {
      // SAFETY: the list is a node's, and not empty; positions are below its count.
      let values = unsafe try edges.values(of: list, as: Value.self)
      sorted.begin(Int(list.count))
      for position in 0..<Int(list.count) where unsafe values.allows(position) {
        let key: UInt64
        switch kind {
        case .times: key = UInt64(bitPattern: latest &- (unsafe values[position].time))
        case .weights:
          let weight = unsafe values[position].double
          if weight.isNaN {
            throw edges.badWeight(
              weight, at: position, of: list, NodeID(UInt64(nodes.lowerBound + place)))
          }
          key = Self.key(weight)
        }
        sorted.append(key, at: UInt32(truncatingIfNeeded: position))
      }
      sorted.sort()
      let range = Int(list.start)..<Int(list.start) + Int(list.count)
      positions.withPart(range) { part in
        for index in 0..<sorted.count { part[index] = sorted.position(at: index) }
        for index in sorted.count..<range.count { part[index] = EdgeOrder.none }
      }
      part.read(list)
      guard kind == .times else { continue }
      keys.withPart(range) { part in
        for index in 0..<sorted.count {
          part[index] = UInt32(truncatingIfNeeded: sorted.key(at: index) &>> shift)
        }
      }
    }
    try edges.checkIntact()
  }

  /// Smaller for larger weights, equal for equal ones.
  private static func key(_ weight: Double) -> UInt64 {
    // A negative zero becomes a positive one.
    let bits = (weight + 0).bitPattern
    return bits >> 63 == 0 ? ~(bits | 1 << 63) : bits
  }
}

/// Takes the order of some nodes' lists over from the graph.
private struct Copying: EdgeValueBody {
  let edges: EdgeColumn
  let nodes: Range<Int>
  let latest: Int64
  let shift: UInt64
  let positions: SharedBuffer<UInt32>
  let keys: SharedBuffer<UInt32>

  mutating func run<Value: EdgeValue>(_ type: Value.Type) throws(SamplingError) {
    var reader = InEdgeReader(edges.topology)
    var lists: [EdgeList] = []
    var part = ReadPart(edges)
    try reader.readLists(of: nodes.map { NodeID(UInt64($0)) }, into: &lists)
    for list in lists[..<nodes.count] where list.count > 0 {
      // SAFETY: the list is a node's, and not empty; positions are compared with its count.
      let values = unsafe try edges.values(of: list, as: Value.self)
      let order = unsafe try edges.order(of: list).positions
      let range = Int(list.start)..<Int(list.start) + Int(list.count)
      try positions.withPart(range) { positions throws(SamplingError) in
        try keys.withPart(range) { keys throws(SamplingError) in
          for place in 0..<range.count {
            let position = unsafe order[place]
            guard UInt64(position) < list.count else {
              throw edges.badPosition(position, in: list, place: place)
            }
            positions[place] = position
            let time = unsafe values[Int(position)].time
            keys[place] = UInt32(truncatingIfNeeded: UInt64(bitPattern: latest &- time) &>> shift)
          }
        }
      }
      part.read(list)
    }
    try edges.checkIntact()
  }
}
