package import MerestoneCore
import Synchronization

/// Keeps what a graph's mapped files take of the memory within bounds where they are larger than the
/// cap and are read here and there.
///
/// Mapped pages count as the process's memory from their first touch on, and a touch brings whole
/// pages of 2 MiB with it where the kernel keeps the file so: a mini-batch that read a few thousand
/// compressed pages of 8 KiB made 1.2 GB resident. So every few touches what is resident is looked
/// at, and given back when it has grown too much; the files stay in the page cache.
final class MappedMemory: Sendable {
  private let limit = Atomic<Int>(.max)
  // What is resident that cannot be given back: program code, other graphs.
  private let floor = Atomic<Int>(0)
  private let touches = Atomic<Int>(0)

  /// How often a bounded file was touched.
  var touchCount: Int { touches.load(ordering: .relaxed) }

  private static let mostTouches = 16

  /// Bounds the memory from now on.
  ///
  /// - Parameter limit: In bytes, beside what is resident now.
  func bound(to limit: Int) {
    floor.store(MachineMemory.residentFileBytes ?? 0, ordering: .relaxed)
    self.limit.store(limit, ordering: .relaxed)
  }

  /// Counts a touch.
  ///
  /// - Parameter drop: Gives all memory of the mapped files back.
  /// - Complexity: O(1); one system call for every 16 touches, more where the bound is below 32 MiB.
  func touch(_ drop: () -> Void) {
    let limit = limit.load(ordering: .relaxed)
    guard limit < .max else { return }
    let period = max(1, min(Self.mostTouches, limit / HugePages.byteCount))
    let count = touches.wrappingAdd(1, ordering: .relaxed).newValue
    guard count % period == 0, let resident = MachineMemory.residentFileBytes else { return }
    let floor = floor.load(ordering: .relaxed)
    if resident < floor { self.floor.store(resident, ordering: .relaxed) }
    guard resident - floor > limit else { return }
    drop()
    self.floor.store(MachineMemory.residentFileBytes ?? resident, ordering: .relaxed)
  }
}

extension GraphStore {
  /// Bounds what the graph's mapped files take, where readers say what they touch.
  ///
  /// - Parameter limit: In bytes, beside what is resident now.
  package func boundMappedFiles(to limit: Int) { mappedMemory.bound(to: limit) }

  /// Says that a place of a mapped file was read, which may have brought 2 MiB with it.
  package func touchMappedFiles() { mappedMemory.touch(dropMappedFiles) }

  /// The raw ids of nodes, in order.
  ///
  /// - Throws: ``StorageError/outOfRange(path:what:index:count:)`` for a node that does not exist.
  /// - Complexity: a page read for each node.
  package func rawIDs(
    of nodes: [NodeID], type: NodeTypeID
  ) throws(StorageError) -> [RawID] {
    let ids = try ids(type)
    let count = book.nodeCount(of: type)
    var raws: [RawID] = []
    raws.reserveCapacity(nodes.count)
    for node in nodes {
      guard node.rawValue < UInt64(count) else {
        throw .outOfRange(
          path: path, what: manifest.nodeTypes[type.rawValue].name, index: node.rawValue,
          count: count)
      }
      raws.append(try ids.raw(of: node))
      touchMappedFiles()
    }
    return raws
  }
}
