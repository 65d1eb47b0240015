import FoundationEssentials
import Glibc
import MerestoneCore

/// How much memory this process may use: the machine's, or less where a control group says so.
package enum MemoryLimit {
  /// Half of what there is, the default of `--memory`.
  static var defaultCap: ByteCount { ByteCount(available(root: "") / 2) }

  /// - Parameter root: Stands before `/proc` and `/sys`, for tests.
  package static func available(root: String) -> Int {
    let machine = Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE)))
    return controlGroupLimits(root: root).reduce(machine, min)
  }

  /// The limits of the process's control group and of all groups above it, versions 1 and 2.
  package static func controlGroupLimits(root: String) -> [Int] {
    lines(root + "/proc/self/cgroup").flatMap { line -> [Int] in
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { return [] }
      if fields[0] == "0", fields[1].isEmpty {
        return limits(root + "/sys/fs/cgroup", String(fields[2]), "memory.max")
      }
      if fields[1].split(separator: ",").contains("memory") {
        return limits(root + "/sys/fs/cgroup/memory", String(fields[2]), "memory.limit_in_bytes")
      }
      return []
    }
  }

  /// The limit of `group` and of the groups above it, up to the mount point. A container sees the
  /// path of its group but often only the group's own files, at the mount point.
  private static func limits(_ mount: String, _ group: String, _ file: String) -> [Int] {
    var names = group.split(separator: "/").map(String.init)
    var found: [Int] = []
    while true {
      let folder = ([mount] + names).joined(separator: "/")
      if let line = lines("\(folder)/\(file)").first, let bytes = Int(line), bytes > 0 {
        found.append(bytes)
      }
      guard !names.isEmpty else { return found }
      names.removeLast()
    }
  }

  private static func lines(_ path: String) -> [String] {
    guard let data = FileManager.default.contents(atPath: path) else { return [] }
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
