import FoundationEssentials
import Glibc
package import MerestoneCore
import MerestoneNN
import MerestoneSampling
import MerestoneStorage
import MerestoneTensor
import MerestoneTransport

/// A training run as its user starts it: prepares what all workers share, starts them, hears them.
package struct TrainingRun {
  package let directory: RunDirectory
  package let options: TrainingOptions
  private let store: GraphStore
  private let pool: ThreadPool
  private let lock: RunLock

  private static let flatName = "flat"
  private static let scratchName = "scratch"

  /// Prepares a new run: checks everything that can be checked before the directory is made.
  ///
  /// - Parameters:
  ///   - path: Where the run is kept; must not exist.
  ///   - command: The command line, for `run.json`.
  package static func new(
    _ path: String, options: TrainingOptions, command: [String]
  ) throws(TrainingError) -> TrainingRun {
    try options.validate()
    var options = options
    options.graph = Self.absolute(options.graph)
    let directory = RunDirectory(path)
    guard !directory.exists else { throw .runExists(path: path) }
    let store = try open(options.graph)
    let data = try TrainingData(store: store, options: options)
    _ = try data.nodes(of: .train)
    _ = try data.nodes(of: .validation)
    do throws(ModelError) {
      try data.configuration(options).validate()
    } catch {
      throw .usage("\(error)")
    }
    try directory.create()
    let lock = try directory.lock()
    try directory.writeRecord(
      RunRecord(
        command: command, options: options, graphFingerprint: String(store.fingerprint, radix: 16),
        blasCore: BLAS.coreName, host: hostName, processors: ThreadPool.availableProcessors,
        startedAt: Date.now.formatted(.iso8601)))
    return TrainingRun(directory, options, store, lock)
  }

  /// Prepares to continue a run from its last checkpoint.
  ///
  /// - Parameter change: May change workers, threads, memory and the place of the graph; nothing
  ///   else may differ.
  /// - Throws: ``TrainingError/changedOption(flag:expected:found:)``, or
  ///   ``TrainingError/changedGraph(graph:expected:found:)`` for another graph.
  package static func resume(
    _ path: String, change: (inout TrainingOptions) -> Void
  ) throws(TrainingError) -> TrainingRun {
    let directory = RunDirectory(path)
    var record = try directory.readRecord()
    var options = record.options
    change(&options)
    options.graph = Self.absolute(options.graph)
    if let change = options.differences(from: record.options).first {
      throw .changedOption(flag: change.flag, expected: change.old, found: change.new)
    }
    try options.validate()
    let store = try record.openGraph(at: options.graph, run: path)
    let lock = try directory.lock()
    if directory.hasCheckpoint {
      let state = try Checkpoint.read(from: directory.checkpointPath).state
      try directory.truncateMetrics(to: state.metricsBytes)
    } else {
      try directory.truncateMetrics(to: 0)
    }
    record.options = options
    try directory.writeRecord(record)
    return TrainingRun(directory, options, store, lock)
  }

  private init(
    _ directory: RunDirectory, _ options: TrainingOptions, _ store: GraphStore, _ lock: RunLock
  ) {
    self.lock = lock
    self.directory = directory
    self.options = options
    self.store = store
    pool = ThreadPool(threads: options.threads)
  }

  /// Trains until the run is finished.
  ///
  /// - Parameters:
  ///   - workerExecutable: The program that runs a worker, given as `[path, arguments...]`; the
  ///     run's directory is added as the last argument. Not used with one worker, which runs in
  ///     this process.
  ///   - onEvent: Hears of epochs and warnings, on the calling thread.
  /// - Throws: ``TrainingError/interrupted`` when cancelled, ``TrainingError/transport(_:)`` when
  ///   a worker died: the last checkpoint stays for `resume`.
  package func run(
    workerExecutable: [String], cancellation: Cancellation,
    onEvent: @escaping @Sendable (WorkerEvent) -> Void
  ) throws(TrainingError) -> TrainingSummary {
    let topology = try Self.topology(
      of: store, options: options, pool: pool, cancellation: cancellation)
    let data = try TrainingData(store: store, options: options)
    let layout = ScratchLayout(
      plan: try data.validationPlan(options, topology), configuration: data.configuration(options))
    let scratch: SharedMemory
    do throws(SharedMemory.Failure) {
      scratch = try SharedMemory(byteCount: layout.byteCount, directory: directory.path)
    } catch {
      throw .sampling(.sharedMemory(error))
    }
    if options.workers == 1 {
      let transport = SoleTransport(cancellation: cancellation) { data in
        if let event = try? WorkerEvent.decode(data) { onEvent(event) }
      }
      try TrainingWorker(
        options: options, directory: directory, transport: transport, topology: topology,
        scratch: scratch
      ).run()
    } else {
      try supervise(
        workerExecutable, topology: topology, scratch: scratch, cancellation: cancellation,
        onEvent: onEvent)
    }
    guard let data = try? Data(contentsOf: URL(filePath: directory.reportPath)),
      let summary = try? JSONDecoder().decode(TrainingSummary.self, from: data)
    else { throw .unreadable(path: directory.reportPath) }
    return summary
  }

  private func supervise(
    _ executable: [String], topology: Topology, scratch: SharedMemory,
    cancellation: Cancellation, onEvent: (WorkerEvent) -> Void
  ) throws(TrainingError) {
    var configuration = LocalConfiguration(
      executable: executable[0], arguments: executable.dropFirst() + [directory.path],
      workerCount: options.workers)
    configuration.stopGrace = .seconds(10)
    configuration.files = [
      .init(name: Self.scratchName, descriptor: scratch.fileDescriptor)
    ]
    if let flat = topology.flat {
      configuration.files.append(
        .init(name: Self.flatName, descriptor: flat.memory.fileDescriptor))
    }
    do throws(TransportError) {
      try LocalSupervisor.run(
        configuration, cancellation: cancellation,
        onWarning: { onEvent(.warning("\($0)")) },
        onEvent: { rank, message in
          let event = try WorkerEvent.decode(message)
          if case .failure(let message, let exitCode) = event {
            throw TrainingError.workerFailed(rank: rank, message: message, exitCode: exitCode)
          }
          onEvent(event)
        })
    } catch {
      if case .eventHandler(let inner as TrainingError) = error { throw inner }
      if case .interrupted = error { throw .interrupted }
      throw .transport(error)
    }
  }

  /// The worker side: what the worker program calls with the run's directory.
  ///
  /// - Throws: What ended the worker, after its supervisor was told.
  package static func runWorker(directory path: String) throws(TrainingError) {
    let transport: LocalTransport
    do throws(TransportError) {
      transport = try LocalTransport.attach()
    } catch {
      throw .transport(error)
    }
    do throws(TrainingError) {
      try work(RunDirectory(path), transport)
    } catch .interrupted {
      return
    } catch {
      transport.send(
        event: WorkerEvent.failure(message: "\(error)", exitCode: error.exitCode).encoded())
      throw error
    }
  }

  private static func work(
    _ directory: RunDirectory, _ transport: LocalTransport
  ) throws(TrainingError) {
    let options = try directory.readRecord().options
    let store = try open(options.graph)
    let data = try TrainingData(store: store, options: options)
    let topology = try topology(
      of: store, decodedIn: transport.descriptor(named: flatName), options: options)
    let layout = ScratchLayout(
      plan: try data.validationPlan(options, topology),
      configuration: data.configuration(options))
    guard let descriptor = transport.descriptor(named: scratchName) else {
      preconditionFailure("the supervisor handed no scratch memory over")
    }
    let scratch: SharedMemory
    do throws(SharedMemory.Failure) {
      scratch = try SharedMemory(adopting: descriptor, byteCount: layout.byteCount)
    } catch {
      throw .sampling(.sharedMemory(error))
    }
    try TrainingWorker(
      options: options, directory: directory, transport: transport, topology: topology,
      scratch: scratch
    ).run()
  }

  /// The path from the root, so that a run finds its graph from every working directory.
  private static func absolute(_ path: String) -> String {
    let full = URL(filePath: path).standardizedFileURL.path
    return full.count > 1 && full.hasSuffix("/") ? String(full.dropLast()) : full
  }

  static func open(_ path: String) throws(TrainingError) -> GraphStore {
    do throws(StorageError) {
      return try GraphStore.open(path)
    } catch {
      throw .storage(error)
    }
  }

  /// Opens the edges that messages may pass over, decoded where the memory allows it.
  static func topology(
    of store: GraphStore, options: TrainingOptions, pool: ThreadPool, cancellation: Cancellation
  ) throws(TrainingError) -> Topology {
    do throws(SamplingError) {
      return try Topology.open(
        store, edgeSet: .message,
        memory: ByteCount(options.edgeByteCount), pool: pool,
        cancellation: cancellation)
    } catch .cancelled {
      throw .interrupted
    } catch {
      throw .sampling(error)
    }
  }

  /// A worker's view of the edges: decoded by the supervisor, or read in the worker's part of the
  /// memory.
  private static func topology(
    of store: GraphStore, decodedIn descriptor: Int32?, options: TrainingOptions
  ) throws(TrainingError) -> Topology {
    let memory = ByteCount(options.edgeByteCount / options.workers)
    do throws(SamplingError) {
      if let descriptor {
        return try Topology(
          store: store, edgeSet: .message,
          flat: FlatTopology(adopting: descriptor, relation: RelationID(0), in: store.manifest),
          memory: memory)
      }
      return try Topology.open(
        store, edgeSet: .message, memory: memory,
        pool: ThreadPool(threads: max(1, options.threads / options.workers)))
    } catch {
      throw .sampling(error)
    }
  }

  private static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    guard unsafe gethostname(&name, name.count - 1) == 0 else { return "unknown" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
