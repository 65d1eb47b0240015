import Glibc

/// The limits that Linux control groups set for this process, versions 1 and 2.
package enum ControlGroup {
  /// The memory limits in bytes of the process's group and of all groups above it.
  ///
  /// - Parameter root: Stands before `/proc` and `/sys`, for tests.
  package static func memoryLimits(root: String = "") -> [Int] {
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
      // The file says "max" where there is no limit.
      if let bytes = lines("\(folder)/\(file)").first.flatMap({ Int($0) }), bytes > 0 {
        found.append(bytes)
      }
      guard !names.isEmpty else { return found }
      names.removeLast()
    }
  }

  /// The lines of a small file; none where it cannot be read.
  private static func lines(_ path: String) -> [String] {
    // SAFETY: the path is zero-terminated for the call.
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1 << 14)
    // SAFETY: at most as many bytes are written as the array has.
    let count = unsafe read(descriptor, &bytes, bytes.count)
    guard count > 0 else { return [] }
    return String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
