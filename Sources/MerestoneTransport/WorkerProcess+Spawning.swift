import CMerestoneKernels
import FoundationEssentials
import Glibc

extension WorkerProcess {
  /// Starts one worker.
  ///
  /// - Parameters:
  ///   - shared: Descriptors that every worker gets, from
  ///     ``WorkerEnvironment/regionDescriptor`` on, in order. All are above `floor`.
  ///   - floor: A number above all descriptors of a worker, so that placing one never overwrites
  ///     one that is still to be placed.
  static func spawn(
    rank: Int, configuration: LocalConfiguration, shared: [Int32], floor: Int32
  ) throws(TransportError) -> WorkerProcess {
    var pair: [Int32] = [-1, -1]
    // SAFETY: the call writes two descriptors into the array of two.
    let made = unsafe socketpair(
      AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &pair)
    guard made == 0 else { throw .system(operation: "make a socket pair", code: errno) }
    defer { close(pair[1]) }
    let theirs = fcntl(pair[1], F_DUPFD_CLOEXEC, floor)
    guard theirs >= 0 else {
      let code = errno
      close(pair[0])
      throw .system(operation: "place a worker's socket", code: code)
    }
    defer { close(theirs) }
    var pid: pid_t = 0
    let status = spawn(&pid, rank, configuration, [theirs] + shared)
    guard status == 0 else {
      close(pair[0])
      throw .cannotStart(executable: configuration.executable, code: status)
    }
    return WorkerProcess(rank: rank, pid: pid, socket: pair[0])
  }

  // SAFETY of this function: every pointer handed to a call outlives it.
  private static func spawn(
    _ pid: inout pid_t, _ rank: Int, _ configuration: LocalConfiguration, _ descriptors: [Int32]
  ) -> Int32 {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    var failures: [Int32] = []
    failures.append(unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0))
    if fcntl(2, F_GETFD) >= 0 {
      // Results on stdout are the supervisor's: whatever a worker prints goes to stderr.
      failures.append(unsafe posix_spawn_file_actions_adddup2(&actions, 2, 1))
    }
    for (index, descriptor) in descriptors.enumerated() {
      let place = WorkerEnvironment.socketDescriptor + Int32(index)
      failures.append(unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, place))
    }
    let end = WorkerEnvironment.socketDescriptor + Int32(descriptors.count)
    failures.append(unsafe mrs_spawn_close_from(&actions, end))
    if let failure = failures.first(where: { $0 != 0 }) { return failure }

    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    // SIGINT stays blocked until the worker ignores it; the others get their usual meaning back.
    var blocked = sigset_t()
    unsafe sigemptyset(&blocked)
    unsafe sigaddset(&blocked, SIGINT)
    unsafe posix_spawnattr_setsigmask(&attributes, &blocked)
    var usual = sigset_t()
    unsafe sigemptyset(&usual)
    unsafe sigaddset(&usual, SIGTERM)
    unsafe sigaddset(&usual, SIGCHLD)
    unsafe posix_spawnattr_setsigdefault(&attributes, &usual)
    unsafe posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    let arguments = [configuration.executable] + configuration.arguments
    let environment = Self.environment(rank: rank, configuration).map { "\($0.key)=\($0.value)" }
    return unsafe withCStrings(arguments) { arguments in
      unsafe withCStrings(environment.sorted()) { environment in
        unsafe posix_spawn(
          &pid, configuration.executable, &actions, &attributes, arguments, environment)
      }
    }
  }

  private static func environment(
    rank: Int, _ configuration: LocalConfiguration
  ) -> [String: String] {
    var result = ProcessInfo.processInfo.environment
    // A worker that crashes must be gone at once, not first spend seconds on a backtrace.
    result["SWIFT_BACKTRACE"] = "enable=no"
    result.merge(configuration.environment) { $1 }
    result[WorkerEnvironment.rank] = "\(rank)"
    result[WorkerEnvironment.count] = "\(configuration.workerCount)"
    result[WorkerEnvironment.files] = configuration.files.map(\.name).joined(separator: ",")
    return result
  }

  /// Lends the strings as a C array that ends with a null pointer.
  private static func withCStrings<R>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
  ) -> R {
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe strings.map { unsafe strdup($0) }
    unsafe pointers.append(nil)
    defer {
      for index in unsafe pointers.indices { unsafe free(pointers[index]) }
    }
    return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress!) }
  }
}
