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
}
