internal import CMerestoneKernels
import MerestoneCore
import MerestoneStorage

/// One numeric column of a relation's edges in all shards, with the topology's edge set beside it, and
/// its cumulative weights or the order of its times where they are stored; shared by all samplers.
///
/// Nothing is resident: values are read from the mapped files.
package final class EdgeColumn: Sendable {
  package let topology: Topology
  package let name: String
  let element: ElementType
  // By shard; `nil` where a shard has no edges.
  private let columns: [Column?]
  // The `split` column by shard; empty where the edge set leaves nothing out.
  private let splits: [Column?]

  /// What is stored of the running sums of the lists; `nil` where nothing is, or the edge set leaves
  /// edges out.
  let cumulative: CumulativeWeights?
  // By shard, and the multiple of the spacing to which row 0 belongs; empty where none are stored.
  private let sums: [Column?]
  private let firstSums: [Int]

  /// What is stored of the order of times; `nil` where nothing is, nobody asked, or the edge set leaves
  /// edges out.
  let order: TimeOrder?
  // As above.
  private let positions: [Column?]
  private let times: [Column?]
  private let firstTimes: [Int]

  /// Opens a column.
  ///
  /// - Parameter usesOrder: Whether the order of times is opened, where one is stored.
  /// - Throws: ``SamplingError/edgeColumnMissing(name:relation:nearest:)``;
  ///   ``SamplingError/edgeColumnNotNumeric(name:relation:)`` for words or rows of several values;
  ///   ``SamplingError/storage(_:)`` for damaged headers.
  /// - Complexity: O(shards); no value is read.
  package init(
    _ name: String, of topology: Topology, usesOrder: Bool = false
  ) throws(SamplingError) {
    let entry = topology.store.manifest.relations[topology.relation.rawValue]
    guard let column = entry.columns.first(where: { $0.name == name }) else {
      throw .edgeColumnMissing(
        name: name, relation: entry.name,
        nearest: NearestName.of(name, among: entry.columns.map(\.name)),
        all: entry.columns.map(\.name))
    }
    guard column.width == 1, column.categories == nil else {
      throw .edgeColumnNotNumeric(name: name, relation: entry.name)
    }
    self.topology = topology
    self.name = name
    element = column.element
    let (store, relation) = (topology.store, topology.relation)
    columns = try Self.open(of: topology) { (shard) throws(StorageError) in
      try store.edgeColumn(name, relation: relation, shard: shard)
    }
    splits =
      !topology.isSplit
      ? []
      : try Self.open(of: topology) { (shard) throws(StorageError) in
        try store.edgeColumn("split", relation: relation, shard: shard)
      }
    cumulative = topology.isSplit ? nil : column.cumulative
    sums =
      cumulative == nil
      ? []
      : try Self.open(of: topology) { (shard) throws(StorageError) in
        try store.edgeSums(name, relation: relation, shard: shard)
      }
    order = topology.isSplit || !usesOrder ? nil : column.order
    let ordered =
      order == nil
      ? []
      : try Self.open(of: topology) { (shard) throws(StorageError) in
        try store.edgeOrder(name, relation: relation, shard: shard)
      }
    positions = ordered.map { $0?.positions }
    times = ordered.map { $0?.times }
    let sumBytes = cumulative.map { entry.edgeCount / $0.spacing * MemoryLayout<Double>.size } ?? 0
    let orderBytes = order == nil ? 0 : Int(Double(entry.edgeCount) * TimeOrder.bytesPerEdge)
    let budget = topology.plan.memory.bytes / 8
    let bytes = entry.edgeCount * column.element.byteCount + sumBytes + orderBytes
    partBytes = bytes <= budget ? .max : budget / 8
    firstSums = sums.indices.map { [cumulative] shard in
      Int(cumulative!.rows(of: store.book.edges(of: relation, in: ShardID(shard))).lowerBound)
    }
    firstTimes = times.indices.map { [order] shard in
      Int(order!.rows(of: store.book.edges(of: relation, in: ShardID(shard))).lowerBound)
    }
  }

  /// Opens the part of each shard.
  private static func open<Part>(
    of topology: Topology, _ part: (ShardID) throws(StorageError) -> Part?
  ) throws(SamplingError) -> [Part?] {
    var columns: [Part?] = []
    do throws(StorageError) {
      for shard in 0..<topology.store.book.shardCount { columns.append(try part(ShardID(shard))) }
    } catch {
      throw .storage(error)
    }
    return columns
  }

  /// The values of one list's edges.
  /// - Precondition: The list is one node's and has at least one edge; ``checkIntact()`` is called
  ///   after the values were read.
  @unsafe func values<Value: EdgeValue>(
    of list: EdgeList, as type: Value.Type = Value.self
  ) throws(SamplingError) -> EdgeValues<Value> {
    guard
      let place = topology.store.book.locate(
        edge: EdgeID(list.start), relation: topology.relation),
      let column = columns[place.shard.rawValue]
    else { preconditionFailure("edge \(list.start) is out of range") }
    let rows = place.position..<place.position &+ Int(list.count)
    do throws(StorageError) {
      if isLarge { try column.verify(rows: rows, dropsBehind: true) }
      let values = unsafe try column.address(of: rows)
      var codes: UnsafeRawPointer?
      if !splits.isEmpty, let split = splits[place.shard.rawValue] {
        unsafe codes = try split.address(of: rows)
      }
      // SAFETY: both addresses have a row for each edge of the list.
      return unsafe EdgeValues(
        values: values, codes: codes, edgeSet: topology.edgeSet, count: Int(list.count))
    } catch {
      throw .storage(error)
    }
  }

  /// Where the values and the stored sums of all edges of a shard lie, the value of edge 0 and the sum of
  /// multiple 0 of the spacing if the shard had them; `nil` where it has none.
  ///
  /// - Precondition: Those of a list are read after ``verify(_:)``, and trusted after
  ///   ``checkIntact()``.
  @unsafe func addresses(
    in shard: Int
  ) -> (values: UnsafeRawPointer?, sums: UnsafePointer<Double>?) {
    let first = topology.store.book.edges(of: topology.relation, in: ShardID(shard)).lowerBound
    let size = element.byteCount
    // SAFETY: only addresses of edges of the shard are read, so this stays inside the columns.
    let values = unsafe columns[shard].map { unsafe $0.unverifiedAddress - Int(first) * size }
    guard !sums.isEmpty, let column = sums[shard] else { return unsafe (values, nil) }
    let sums = unsafe column.unverifiedAddress - firstSums[shard] * MemoryLayout<Double>.size
    return unsafe (values, sums.assumingMemoryBound(to: Double.self))
  }

  /// Where the stored sums of a list's shard lie, that of multiple 0 of the spacing if it had it.
  /// - Precondition: There is a sum in the list; ``checkIntact()`` is called after they were read.
  @unsafe func sums(of list: EdgeList) throws(SamplingError) -> UnsafePointer<Double> {
    let shard = shard(of: list)
    try verifySums(of: list, in: shard)
    // SAFETY: the list has a sum, so the shard has.
    return unsafe addresses(in: shard).sums!
  }

  /// Where the stored order of a list's times lies: the positions by place, and the times by multiple of
  /// the spacing, that of multiple 0 as if the shard had it.
  ///
  /// - Precondition: ``order`` is there, and the list has an edge; ``checkIntact()`` is called after they
  ///   were read. Positions of damaged files may be those of no edge.
  @unsafe func order(
    of list: EdgeList
  ) throws(SamplingError) -> (positions: UnsafePointer<UInt32>, times: UnsafePointer<Int64>?) {
    let shard = shard(of: list)
    let first = topology.store.book.edges(of: topology.relation, in: ShardID(shard)).lowerBound
    guard let order, let places = positions[shard] else { preconditionFailure("no order") }
    let rows = Int(list.start - first)..<Int(list.start - first) + Int(list.count)
    let held = order.rows(of: list.range)
    do throws(StorageError) {
      try places.verify(rows: rows, dropsBehind: isLarge)
      try times[shard]?.verify(
        rows: Int(held.lowerBound) - firstTimes[shard]..<Int(held.upperBound) - firstTimes[shard],
        dropsBehind: isLarge)
    } catch {
      throw .storage(error)
    }
    let size = MemoryLayout<UInt32>.size
    // SAFETY: only addresses of the list's rows are read, so this stays inside the columns.
    let ordered = unsafe times[shard].map {
      unsafe ($0.unverifiedAddress - firstTimes[shard] * MemoryLayout<Int64>.size)
        .assumingMemoryBound(to: Int64.self)
    }
    return unsafe (
      (places.unverifiedAddress + rows.lowerBound * size).assumingMemoryBound(to: UInt32.self),
      ordered
    )
  }

  /// Compares what holds the values and the stored sums of some lists with its checksums, where that was
  /// not done before.
  func verify(_ lists: ArraySlice<EdgeList>) throws(SamplingError) {
    if columns.allSatisfy({ $0?.isVerified ?? true }), sums.allSatisfy({ $0?.isVerified ?? true }) {
      return
    }
    for list in lists where list.count > 0 {
      let shard = shard(of: list)
      let first = topology.store.book.edges(of: topology.relation, in: ShardID(shard)).lowerBound
      let row = Int(list.start - first)
      do throws(StorageError) {
        try columns[shard]?.verify(rows: row..<row + Int(list.count), dropsBehind: isLarge)
      } catch {
        throw .storage(error)
      }
      try verifySums(of: list, in: shard)
    }
  }

  private func verifySums(of list: EdgeList, in shard: Int) throws(SamplingError) {
    guard let cumulative, let column = sums[shard] else { return }
    let held = cumulative.rows(of: list.range)
    do throws(StorageError) {
      try column.verify(
        rows: Int(held.lowerBound) - firstSums[shard]..<Int(held.upperBound) - firstSums[shard],
        dropsBehind: isLarge)
    } catch {
      throw .storage(error)
    }
  }

  private func shard(of list: EdgeList) -> Int {
    guard
      let place = topology.store.book.locate(
        edge: EdgeID(list.start), relation: topology.relation)
    else { preconditionFailure("edge \(list.start) is out of range") }
    return place.shard.rawValue
  }

  /// The error for a place of a stored order that holds no position of its list.
  func badPosition(_ position: UInt32, in list: EdgeList, place: Int) -> SamplingError {
    let shard = shard(of: list)
    let first = topology.store.book.edges(of: topology.relation, in: ShardID(shard)).lowerBound
    let (file, row) = (positions[shard]!, Int(list.start - first) + place)
    return .storage(
      .corrupt(
        path: file.path, byteOffset: file.byteOffset(ofRow: row),
        field: "order of \(name), row \(row)", expected: "a position below \(list.count)",
        found: "\(position)"))
  }

  /// - Throws: ``SamplingError/timesNotIntegers(column:)``.
  func checkHoldsTimes() throws(SamplingError) {
    if element.isFloatingPoint { throw .timesNotIntegers(column: name) }
  }

  /// How many bytes a thread may read before they are given back, so that the files do not count as
  /// memory beyond an eighth of the cap, eight threads reckoned with; any number of a column that is
  /// smaller than that.
  let partBytes: Int

  /// Whether the column is read part by part.
  private var isLarge: Bool { partBytes != .max }

  /// Gives back what was read, by all threads; reading goes on as before.
  func drop() {
    for column in columns { column?.drop() }
    for split in splits { split?.drop() }
    for part in sums + positions + times { part?.drop() }
  }

  /// What sorting a list takes for each of its edges; where its order is stored, what is mapped of them
  /// while it is copied, which is to be an eighth of the memory at most.
  var bytesPerSortedEdge: Int {
    if order == nil { return KeyedPositions.bytesPerEntry + (isLarge ? bytesPerEdge : 0) }
    return isLarge ? 8 * bytesPerEdge : 1
  }

  /// What is stored of an edge.
  fileprivate var bytesPerEdge: Int {
    element.byteCount + (order == nil ? 0 : MemoryLayout<UInt32>.size)
      + (cumulative == nil && order == nil ? 0 : 1)
  }

  // Nodes whose lists are prepared together.
  private static let tile = 1 << 12

  /// How often ``forEachTile(_:_:_:)`` calls its body.
  var tileCount: Int { (topology.nodeCount + Self.tile - 1) / Self.tile }

  /// Calls `body` on all threads with numbered ranges of all nodes, and gives back what it has read of a
  /// large column.
  func forEachTile(
    _ pool: ThreadPool, _ cancellation: Cancellation,
    _ body: @Sendable (Int, Range<Int>) throws(SamplingError) -> Void
  ) throws(SamplingError) {
    let nodeCount = topology.nodeCount
    try pool.forEach(tileCount) { index throws(SamplingError) in
      if cancellation.isCancelled { throw .cancelled }
      try body(index, index * Self.tile..<min((index + 1) * Self.tile, nodeCount))
      if isLarge { drop() }
    }
  }

  /// Throws when a file has shrunk while it was read.
  func checkIntact() throws(SamplingError) {
    do throws(StorageError) {
      for column in columns { try column?.checkIntact() }
      for split in splits { try split?.checkIntact() }
      for part in sums + positions + times { try part?.checkIntact() }
    } catch {
      throw .storage(error)
    }
  }
}

/// Gives back what a thread has read of a large column, list by list.
struct ReadPart {
  private let column: EdgeColumn
  private var bytes = 0

  init(_ column: EdgeColumn) { self.column = column }

  /// Says that a list was read.
  mutating func read(_ list: EdgeList) {
    bytes += Int(list.count) * column.bytesPerEdge
    guard bytes > column.partBytes else { return }
    column.drop()
    bytes = 0
  }
}

/// The column values of one list's edges, by position in the list.
@unsafe struct EdgeValues<Value: EdgeValue> {
  let values: UnsafeRawPointer
  let codes: UnsafeRawPointer?
  let edgeSet: EdgeSet
  let count: Int

  /// - Precondition: The position is below `count`.
  @inline(__always) subscript(position: Int) -> Value {
    // Columns are little-endian, as the machines are that we build for.
    // SAFETY: the position exists.
    unsafe values.loadUnaligned(
      fromByteOffset: position &* MemoryLayout<Value>.size, as: Value.self)
  }

  /// Whether the edge set contains the edge.
  @inline(__always) func allows(_ position: Int) -> Bool {
    guard let codes = unsafe codes else { return true }
    // SAFETY: the position exists.
    return unsafe edgeSet.contains(
      code: codes.loadUnaligned(fromByteOffset: position, as: UInt8.self))
  }

  /// Asks for the values of some positions.
  @inline(__always) func prefetch(_ first: Int, _ end: Int) {
    // SAFETY: nothing is read.
    var address = unsafe values + first &* MemoryLayout<Value>.size
    let last = unsafe values + end &* MemoryLayout<Value>.size
    while unsafe address < last {
      unsafe mrs_prefetch(address)
      unsafe address += 64
    }
    if let codes = unsafe codes { unsafe mrs_prefetch(codes + first) }
  }

  /// The edge's weight: 0 where the edge set does not contain it.
  @inline(__always) func weight(_ position: Int) -> Double {
    unsafe allows(position) ? self[position].double : 0
  }
}

/// A number as columns store it.
protocol EdgeValue: BitwiseCopyable {
  var double: Double { get }

  /// The number as a time; only integers are.
  var time: Int64 { get }
}

extension BinaryFloatingPoint {
  @inline(__always) var time: Int64 { preconditionFailure("a time that is no integer") }
}

extension Float: EdgeValue {
  @inline(__always) var double: Double { Double(self) }
}

extension Double: EdgeValue {
  @inline(__always) var double: Double { self }
}

extension Float16: EdgeValue {
  @inline(__always) var double: Double { Double(self) }
}

extension FixedWidthInteger {
  @inline(__always) var double: Double { Double(self) }
  @inline(__always) var time: Int64 { Int64(clamping: self) }
}

extension UInt8: EdgeValue {}
extension UInt16: EdgeValue {}
extension UInt32: EdgeValue {}
extension UInt64: EdgeValue {}
extension Int32: EdgeValue {}
extension Int64: EdgeValue {}

/// Work that is compiled for every type of value.
protocol EdgeValueBody {
  associatedtype Result
  mutating func run<Value: EdgeValue>(_ type: Value.Type) throws(SamplingError) -> Result
}

extension ElementType {
  /// Runs the body for this type of value.
  func with<Body: EdgeValueBody>(_ body: inout Body) throws(SamplingError) -> Body.Result {
    switch self {
    case .u8: try body.run(UInt8.self)
    case .u16: try body.run(UInt16.self)
    case .u32: try body.run(UInt32.self)
    case .u64: try body.run(UInt64.self)
    case .i32: try body.run(Int32.self)
    case .i64: try body.run(Int64.self)
    case .f16: try body.run(Float16.self)
    case .f32: try body.run(Float.self)
    case .f64: try body.run(Double.self)
    }
  }
}
