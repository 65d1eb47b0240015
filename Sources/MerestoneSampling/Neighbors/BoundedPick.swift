import MerestoneCore
import MerestoneStorage

/// Picks by a scheme; where that reads a column of many values from its files, in the order of the files
/// and part by part.
///
/// Files count as memory while they are mapped, and what was read of them for a part is given back
/// before the next one. In their order a mini-batch touches each stretch of them once.
struct BoundedPick {
  private var pick: any NeighborPick
  private let column: EdgeColumn?
  private let partBytes: Int

  // A first touch brings as much with it.
  private static let stretch = 64 << 10

  /// - Returns: `nil` for the uniform scheme, which the samplers have built in.
  init?(_ scheme: NeighborScheme, fanouts: [Int], stampBudget: ByteCount = ByteCount(0)) {
    guard let pick = scheme.makePick(stampBudget: stampBudget) else { return nil }
    self.pick = pick
    let read = scheme.readColumn(fanouts: fanouts)
    partBytes = read?.partBytes ?? .max
    column = partBytes == .max ? nil : read
  }

  /// See ``NeighborPick/pick(_:times:_:fanout:draws:reader:into:)``.
  mutating func pick(
    _ nodes: [NodeID], times: [Int64], _ lists: [EdgeList], fanout: Int, draws: RandomDraws,
    reader: inout InEdgeReader, into picked: inout HopEdges
  ) throws(SamplingError) {
    guard let column else {
      try pick.pick(
        nodes, times: times, lists, fanout: fanout, draws: draws, reader: &reader, into: &picked)
      return
    }
    let order = nodes.indices.sorted { lists[$0].start < lists[$1].start }
    var all = HopEdges()
    var first = 0
    while first < order.count {
      let part = order[first..<end(ofPartFrom: first, order, lists, column)]
      var piece = HopEdges()
      try pick.pick(
        part.map { nodes[$0] }, times: times.isEmpty ? [] : part.map { times[$0] },
        part.map { lists[$0] }, fanout: fanout, draws: draws, reader: &reader, into: &piece)
      all.append(piece)
      column.drop()
      first = part.endIndex
    }
    picked.take(all, by: order)
  }

  /// Where the part ends that begins at a place of the order: at least one list later.
  private func end(
    ofPartFrom first: Int, _ order: [Int], _ lists: [EdgeList], _ column: EdgeColumn
  ) -> Int {
    // What is read of a list's values, of its sums, and of its order.
    var parts = [Stretches(valueBytes: column.element.byteCount, spacing: 1)]
    if let sums = column.cumulative {
      parts.append(Stretches(valueBytes: MemoryLayout<Double>.size, spacing: sums.spacing))
    }
    if let order = column.order {
      parts.append(Stretches(valueBytes: MemoryLayout<UInt32>.size, spacing: 1))
      parts.append(Stretches(valueBytes: MemoryLayout<Int64>.size, spacing: order.spacing))
    }
    var place = first
    while place < order.count {
      var bytes = 0
      for index in parts.indices {
        parts[index].add(lists[order[place]], of: Self.stretch)
        bytes += parts[index].bytes
      }
      if bytes > partBytes, place > first { return place }
      place += 1
    }
    return place
  }
}

/// What lists touch of a file, in their order.
private struct Stretches {
  let valueBytes: Int
  let spacing: Int
  private(set) var bytes = 0
  private var last = -1

  init(valueBytes: Int, spacing: Int) {
    self.valueBytes = valueBytes
    self.spacing = spacing
  }

  mutating func add(_ list: EdgeList, of stretch: Int) {
    let lower = Int(list.start) / spacing * valueBytes / stretch
    let upper = (Int(list.start) + Int(list.count)) / spacing * valueBytes / stretch
    bytes += max(0, upper - max(lower - 1, last)) * stretch
    last = max(last, upper)
  }
}

extension HopEdges {
  /// Adds the edges of further destinations.
  fileprivate mutating func append(_ others: HopEdges) {
    let before = edges.count
    for end in others.indptr.dropFirst() { indptr.append(before + end) }
    edges.append(contentsOf: others.edges)
    weights.append(contentsOf: others.weights)
  }

  /// Takes over the edges of destinations that were picked in another order.
  fileprivate mutating func take(_ others: HopEdges, by order: [Int]) {
    clear()
    var places = [Int](repeating: 0, count: order.count)
    for (place, destination) in order.enumerated() { places[destination] = place }
    edges.reserveCapacity(others.edges.count)
    for place in places {
      let range = others.indptr[place]..<others.indptr[place + 1]
      edges.append(contentsOf: others.edges[range])
      if !others.weights.isEmpty { weights.append(contentsOf: others.weights[range]) }
      indptr.append(edges.count)
    }
  }
}
