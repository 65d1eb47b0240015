import Glibc

/// How much memory this process may hope for.
public enum MachineMemory {
  /// The machine's memory in bytes, or the control group's limit where that is lower.
  public static var available: Int {
    let pages = max(1, Int(sysconf(Int32(_SC_PHYS_PAGES))))
    let pageBytes = max(1, Int(sysconf(Int32(_SC_PAGESIZE))))
    return ControlGroup.memoryLimits().reduce(pages * pageBytes, min)
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

  /// How much of mapped files and shared memory this process has resident now, in bytes; `nil` where
  /// the kernel does not say.
  /// - Complexity: one system call, one or two microseconds.
  package static var residentFileBytes: Int? {
    guard statusFile >= 0 else { return nil }
    // "size resident shared text ...", in pages.
    var text = [UInt8](repeating: 0, count: 128)
    let count = unsafe text.withUnsafeMutableBytes { bytes in
      // SAFETY: at most as many bytes as there is room for are written.
      unsafe pread(statusFile, bytes.baseAddress, bytes.count, 0)
    }
    guard count > 0 else { return nil }
    var field = 0
    var pages = 0
    for character in text[..<count] {
      if character == UInt8(ascii: " ") {
        field += 1
        if field == 3 { return pages * pageBytes }
      } else if field == 2 {
        pages = pages &* 10 &+ Int(character &- UInt8(ascii: "0"))
      }
    }
    return nil
  }

  private static let pageBytes = max(1, Int(sysconf(Int32(_SC_PAGESIZE))))
  private static let statusFile = unsafe open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
}
