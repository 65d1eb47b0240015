import CMerestoneKernels
package import FoundationEssentials
import Glibc
package import MerestoneCore
import Synchronization

/// The worker side of local processes: shared memory for the collectives, a socket to the
/// supervisor for messages.
///
/// The worker ends with its supervisor, even in the middle of a computation: the kernel kills it
/// when the supervisor's thread ends, and a thread of its own waits for the end of the socket
/// should the supervisor have been gone before that was arranged.
package final class LocalTransport: Transport {
  package let rank: Int
  package let workerCount: Int
  package let cancellation: Cancellation
  private let region: SharedRegion
  private let files: [String: Int32]
  private let sending = Mutex<Void>(())

  /// Takes over what ``LocalSupervisor`` handed to this process. Call it once, first thing.
  ///
  /// - Throws: ``TransportError/notAWorker(found:)`` when the process was started otherwise.
  package static func attach() throws(TransportError) -> LocalTransport {
    let environment = ProcessInfo.processInfo.environment
    guard let rankText = environment[WorkerEnvironment.rank],
      let countText = environment[WorkerEnvironment.count]
    else { throw .notAWorker(found: "\(WorkerEnvironment.rank) is not set") }
    guard let rank = Int(rankText), let count = Int(countText), rank >= 0, rank < count else {
      throw .notAWorker(found: "worker \(rankText) of \(countText)")
    }
    let names = (environment[WorkerEnvironment.files] ?? "").split(separator: ",").map(String.init)
    return try LocalTransport(rank: rank, workerCount: count, fileNames: names)
  }

  private init(rank: Int, workerCount: Int, fileNames: [String]) throws(TransportError) {
    let socket = WorkerEnvironment.socketDescriptor
    var status = stat()
    guard unsafe fstat(socket, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
      throw .notAWorker(found: "descriptor \(socket) is not a socket")
    }
    region = try SharedRegion(
      attaching: WorkerEnvironment.regionDescriptor, workerCount: workerCount)
    self.rank = rank
    self.workerCount = workerCount
    cancellation = Cancellation()
    var files: [String: Int32] = [:]
    for (index, name) in fileNames.enumerated() {
      files[name] = WorkerEnvironment.firstFileDescriptor + Int32(index)
    }
    self.files = files
    for descriptor in [socket, WorkerEnvironment.regionDescriptor] + files.values {
      guard fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 else {
        throw .notAWorker(found: "descriptor \(descriptor) is not open")
      }
    }
    guard mrs_die_with_parent() == 0 else {
      throw .system(operation: "tie a worker to its supervisor", code: errno)
    }
    try SupervisorWatch.start(socket: socket, cancellation: cancellation)
    Self.leaveInterruptsToSupervisor()
  }

  /// The descriptor of a file that the supervisor handed over under `name`.
  package func descriptor(named name: String) -> Int32? { files[name] }

  package func barrier() {
    if workerCount > 1 { region.barrier(rank: rank) }
  }

  package func heartbeat() {
    // SAFETY: an atomic operation on a word of the mapping.
    unsafe _ = mrs_add_u64(region.heartbeats(rank), 1)
  }

  package func reduce(_ buffer: inout [Float], doubles: inout [Double]) {
    if workerCount > 1 { region.reduce(rank: rank, &buffer, &doubles) }
  }

  package func broadcast(_ bytes: inout [UInt8]) {
    if workerCount > 1 { region.broadcast(rank: rank, &bytes) }
  }

  package func send(event: Data) {
    precondition(event.count <= EventFrame.largestPayload, "an event of \(event.count) bytes")
    let header = EventFrame.header(payloadBytes: event.count)
    sending.withLock { _ in
      unsafe header.withUnsafeBytes { unsafe Self.write($0) }
      unsafe event.withUnsafeBytes { unsafe Self.write($0) }
    }
  }

  private static func write(_ bytes: UnsafeRawBufferPointer) {
    var offset = 0
    while offset < bytes.count {
      // SAFETY: `offset` is inside the buffer, which the caller lends for this call.
      let sent = unsafe Glibc.send(
        WorkerEnvironment.socketDescriptor, bytes.baseAddress! + offset, bytes.count - offset,
        Int32(MSG_NOSIGNAL))
      if sent >= 0 {
        offset += sent
      } else if errno != EINTR {
        // The supervisor is gone, and nobody is left to tell.
        _exit(1)
      }
    }
  }

  /// Ctrl-C reaches every process of the terminal; what it means is the supervisor's decision.
  /// Workers start with the signal blocked, so that none slips through before this.
  private static func leaveInterruptsToSupervisor() {
    _ = signal(SIGINT, SIG_IGN)
    var interrupt = sigset_t()
    unsafe sigemptyset(&interrupt)
    unsafe sigaddset(&interrupt, SIGINT)
    unsafe pthread_sigmask(SIG_UNBLOCK, &interrupt, nil)
  }
}
