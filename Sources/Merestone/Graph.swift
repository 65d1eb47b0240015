import MerestoneSampling
import MerestoneStorage
import Synchronization

/// A graph that `merestone preprocess` made, opened for reading.
///
/// Opening takes milliseconds at any size: files are mapped and read when they are first needed,
/// and every part is checked against its checksum on its first touch. A graph may be used from
/// several threads at once.
///
/// ```swift
/// let graph = try Graph(at: "cora.graph")
/// let subgraph = try graph.sample([.integer(35)], fanouts: [10, 5])
/// print(subgraph.nodes)
/// ```
public final class Graph: Sendable {
  /// The directory of the graph.
  public let path: String

  /// The cap on what reading and sampling take. A graph whose decoded edges need more is read from its
  /// packed pages or page by page, slower and with the same results.
  public let memory: ByteCount

  /// How edges are read; `nil` leaves it to ``memory``.
  public let reading: Reading?

  let store: GraphStore
  let pool: ThreadPool
  private let topology = Mutex<Topology?>(nil)
  let columns: PreparedColumns
  let samplers = Mutex<[SamplingScheme: Sampler.Shared]>([:])

  /// Opens a graph.
  ///
  /// - Parameters:
  ///   - path: The directory that `merestone preprocess` wrote.
  ///   - memory: The cap on what reading and sampling take; by default 2 GiB.
  ///   - reading: Chooses by hand how edges are read; by default the fastest way that the cap allows.
  ///   - threads: Threads that decode; by default one per processor.
  /// - Throws: ``GraphError/store(message:)`` for anything but an intact graph of this version;
  ///   damage deeper in the files is reported when it is first touched.
  ///   ``GraphError/memory(message:)`` where `reading` does not fit the cap.
  public init(
    at path: String, memory: ByteCount = ByteCount(2 << 30), reading: Reading? = nil,
    threads: Int = ThreadPool.availableProcessors
  ) throws(GraphError) {
    self.path = path
    self.memory = memory
    self.reading = reading
    pool = ThreadPool(threads: threads)
    do throws(StorageError) {
      store = try GraphStore.open(path)
    } catch {
      throw GraphError(error)
    }
    columns = PreparedColumns(store.columnBudget)
    store.columnBudget.set(
      ReadingPlan(
        store.manifest, relation: RelationID(0), memory: memory, way: reading
      ).columnMemory.bytes)
    if let reading {
      let plan = ReadingPlan(
        store.manifest, relation: RelationID(0), memory: memory, way: reading)
      try refuse(reading, for: plan.obstacle(to: reading))
    }
  }

  deinit { store.spareMemory.close() }

  /// Refuses a way of reading that this graph or the cap does not allow.
  ///
  /// - Parameter obstacle: `nil` for none.
  func refuse(_ reading: Reading, for obstacle: ReadingPlan.Obstacle?) throws(GraphError) {
    switch obstacle {
    case nil: return
    case .notPacked:
      throw .store(
        message: "\(path) has no packed pages; preprocess with --encoding packed or both, or read "
          + "it flat or grouped")
    case .takes(let needed):
      throw .memory(
        message: "reading \(path) \(reading.rawValue) takes \(needed), more than the cap of "
          + "\(memory); give more, or read it grouped")
    }
  }

  /// The number of nodes.
  public var nodeCount: Int { store.book.nodeCount(of: nodeType) }

  /// The number of stored edges, parallel edges counted each.
  public var edgeCount: Int { store.book.edgeCount(of: RelationID(0)) }

  /// The number of shards.
  public var shardCount: Int { store.book.shardCount }

  var nodeType: NodeTypeID { NodeTypeID(store.manifest.relations[0].destinationType) }

  /// The edges, decoded when they are first needed, for work that takes memory.
  func openTopology() throws(GraphError) -> Topology {
    store.spareMemory.drop()
    let result = topology.withLock { held -> Result<Topology, SamplingError> in
      if let held { return .success(held) }
      do throws(SamplingError) {
        let opened = try Topology.open(
          store, memory: memory, way: reading, pool: pool)
        held = opened
        return .success(opened)
      } catch {
        return .failure(error)
      }
    }
    switch result {
    case .success(let topology): return topology
    case .failure(let error): throw GraphError(error)
    }
  }
}
