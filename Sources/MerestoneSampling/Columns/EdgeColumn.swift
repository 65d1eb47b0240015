internal import CMerestoneKernels
import MerestoneCore
import MerestoneStorage

/// One numeric column of a relation's edges in all shards, with the topology's edge set beside it;
/// shared by all samplers.
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

  /// Opens a column.
  ///
  /// - Throws: ``SamplingError/edgeColumnMissing(name:relation:nearest:)``;
  ///   ``SamplingError/edgeColumnNotNumeric(name:relation:)`` for words or rows of several values;
  ///   ``SamplingError/storage(_:)`` for damaged headers.
  /// - Complexity: O(shards); no value is read.
  package init(_ name: String, of topology: Topology) throws(SamplingError) {
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
    columns = try Self.open(name, of: topology)
    splits = topology.isSplit ? try Self.open("split", of: topology) : []
  }

  private static func open(
    _ name: String, of topology: Topology
  ) throws(SamplingError) -> [Column?] {
    var columns: [Column?] = []
    do throws(StorageError) {
      for shard in 0..<topology.store.book.shardCount {
        columns.append(
          try topology.store.edgeColumn(
            name, relation: topology.relation, shard: ShardID(shard)))
      }
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

  /// Where the values of all edges of a shard lie; `nil` for a shard without edges.
  /// - Precondition: As of ``values(of:as:)``, but for the list.
  @unsafe func address(in shard: Int) throws(SamplingError) -> UnsafeRawPointer? {
    guard let column = columns[shard], column.rows > 0 else { return nil }
    do throws(StorageError) {
      return unsafe try column.address(of: 0..<column.rows)
    } catch {
      throw .storage(error)
    }
  }

  /// - Throws: ``SamplingError/timesNotIntegers(column:)``.
  func checkHoldsTimes() throws(SamplingError) {
    if element.isFloatingPoint { throw .timesNotIntegers(column: name) }
  }

  /// How many bytes a thread may read before they are given back, so that the files do not count as
  /// memory beyond an eighth of the cap, eight threads reckoned with; any number of a column that is
  /// smaller than that.
  var partBytes: Int {
    let rows = topology.store.book.edgeCount(of: topology.relation)
    let budget = topology.plan.memory.bytes / 8
    return rows * element.byteCount <= budget ? .max : budget / 8
  }

  /// Gives back what was read, by all threads; reading goes on as before.
  func drop() {
    for column in columns { column?.drop() }
    for split in splits { split?.drop() }
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
    let isLarge = partBytes != .max
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
    } catch {
      throw .storage(error)
    }
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
