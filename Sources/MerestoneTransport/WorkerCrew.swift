import FoundationEssentials
import Glibc
import MerestoneCore

/// All workers of one run, from their start to the collection of the last.
struct WorkerCrew {
  private let region: SharedRegion
  private var workers: [WorkerProcess] = []
  private var scratch = [UInt8](repeating: 0, count: 1 << 18)

  /// How often the supervisor looks around when nothing wakes it.
  private static let tickMilliseconds: Int32 = 50

  /// How long a worker may live after it closed its socket.
  private static let afterlifeNanoseconds: UInt64 = 500_000_000

  init(region: SharedRegion) { self.region = region }

  mutating func start(_ configuration: LocalConfiguration) throws(TransportError) {
    let floor = WorkerEnvironment.firstFileDescriptor + Int32(configuration.files.count) + 1
    var shared: [Int32] = []
    defer { for descriptor in shared { close(descriptor) } }
    for descriptor in [region.descriptor] + configuration.files.map(\.descriptor) {
      let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, floor)
      guard copy >= 0 else {
        throw .system(operation: "hand descriptor \(descriptor) to the workers", code: errno)
      }
      shared.append(copy)
    }
    for rank in 0..<configuration.workerCount {
      workers.append(
        try WorkerProcess.spawn(
          rank: rank, configuration: configuration, shared: shared, floor: floor))
    }
  }

  /// Returns when all workers have ended with status 0, throws as soon as something is amiss.
  mutating func supervise(
    _ configuration: LocalConfiguration, cancellation: Cancellation,
    onWarning: (TransportWarning) -> Void, onEvent: (Int, Data) throws -> Void
  ) throws(TransportError) {
    var lateness = LatenessWatch(workerCount: workers.count, limit: configuration.lateAfter)
    var stopDeadline: UInt64?
    while workers.contains(where: \.isAlive) {
      if cancellation.isCancelled, stopDeadline == nil {
        stopDeadline = MonotonicClock.nanoseconds() + configuration.stopGrace.nanoseconds
        for worker in workers { worker.askToStop() }
      }
      waitForNews()
      try deliverEvents(rounds: 16, onEvent)
      let ended = reap()
      // Whatever the dead had to say arrived before their end.
      if !ended.isEmpty { try deliverEvents(rounds: .max, onEvent) }
      if let stopDeadline {
        let overdue = MonotonicClock.nanoseconds() >= stopDeadline
        if overdue || workerThatLeftEarly() != nil { throw .interrupted }
        continue
      }
      for index in ended {
        let worker = workers[index]
        if let status = worker.status, !status.isSuccess {
          throw .workerDied(rank: worker.rank, pid: worker.pid, status: status)
        }
      }
      if let worker = workerThatLeftEarly() {
        throw .workerLeftEarly(rank: worker.rank, pid: worker.pid)
      }
      for warning in lateness.look(at: workers, region) { onWarning(warning) }
    }
    if stopDeadline != nil { throw .interrupted }
  }

  /// Kills the workers that still live, collects all, and closes their sockets.
  mutating func endAll() {
    for worker in workers { worker.kill() }
    for index in workers.indices {
      workers[index].reap(waiting: true)
      close(workers[index].socket)
    }
    workers = []
  }

  private func waitForNews() {
    var entries = workers.map {
      pollfd(fd: $0.streamEnd == nil ? $0.socket : -1, events: Int16(POLLIN), revents: 0)
    }
    let someoneIsLeaving = workers.contains { $0.streamEnd != nil && $0.isAlive }
    // SAFETY: the call writes to the entries of the array only.
    unsafe poll(&entries, nfds_t(entries.count), someoneIsLeaving ? 1 : Self.tickMilliseconds)
  }

  private mutating func deliverEvents(
    rounds: Int, _ onEvent: (Int, Data) throws -> Void
  ) throws(TransportError) {
    for index in workers.indices where workers[index].streamEnd == nil {
      for event in try workers[index].receive(&scratch, rounds: rounds) {
        do {
          try onEvent(workers[index].rank, event)
        } catch {
          throw .eventHandler(error)
        }
      }
    }
  }

  /// Collects the workers that have ended since the last call, and returns their places.
  private mutating func reap() -> [Int] {
    var ended: [Int] = []
    for index in workers.indices where workers[index].isAlive {
      workers[index].reap(waiting: false)
      if !workers[index].isAlive {
        ended.append(index)
      } else if let end = workers[index].streamEnd,
        MonotonicClock.nanoseconds() > end + Self.afterlifeNanoseconds
      {
        workers[index].kill()
      }
    }
    return ended
  }

  /// A worker that left in good order although another waits for it in a barrier, for ever.
  private func workerThatLeftEarly() -> WorkerProcess? {
    let furthest = workers.filter(\.isAlive).map { region.barriersEntered(by: $0.rank) }.max() ?? 0
    return workers.first { !$0.isAlive && region.barriersEntered(by: $0.rank) < furthest }
  }
}
