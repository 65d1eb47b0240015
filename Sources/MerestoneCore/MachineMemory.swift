import Glibc

/// How much memory this process may hope for.
public enum MachineMemory {
  /// The machine's memory in bytes, or the control group's limit where that is lower.
  public static var available: Int {
    let pages = max(1, Int(sysconf(Int32(_SC_PHYS_PAGES))))
    let pageBytes = max(1, Int(sysconf(Int32(_SC_PAGESIZE))))
    let limits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"]
    return limits.compactMap(number).reduce(pages * pageBytes, min)
  }

  /// What `--memory` is where nobody says: half of ``available``.
  public static var defaultCap: Int { available / 2 }

  /// The most memory that this process has had resident so far, in bytes.
  public static var peakResidentBytes: Int {
    var usage = rusage()
    // SAFETY: `usage` is a local that the call fills.
    guard unsafe getrusage(Int32(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
    return Int(usage.ru_maxrss) * 1024
  }

  /// The number that a small file holds; nil where there is none.
  private static func number(in path: String) -> Int? {
    // SAFETY: the path is a NUL-terminated string for the time of the call.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 32)
    // SAFETY: at most as many bytes are written as the array has.
    let count = unsafe read(descriptor, &bytes, bytes.count)
    guard count > 0 else { return nil }
    return Int(String(decoding: bytes[..<count].prefix { $0 &- 48 <= 9 }, as: UTF8.self))
  }
}
