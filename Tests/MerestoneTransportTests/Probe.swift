import Foundation
import MerestoneCore
import MerestoneTransport
import Testing

/// Starts the probe executable that the package builds beside the test bundle.
enum Probe {
  static let path: String = {
    let bundle = try! FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let folders = [bundle, CommandLine.arguments[0]].map {
      URL(fileURLWithPath: $0).deletingLastPathComponent().path
    }
    let candidates = folders.map { "\($0)/merestone-transport-probe" }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? candidates[0]
  }()

  static func configuration(_ arguments: String..., workers: Int) -> LocalConfiguration {
    LocalConfiguration(executable: path, arguments: arguments, workerCount: workers)
  }

  /// Runs workers to their end and returns the messages of each.
  static func events(_ configuration: LocalConfiguration) throws -> [[Data]] {
    var events = [[Data]](repeating: [], count: configuration.workerCount)
    try LocalSupervisor.run(configuration) { rank, event in events[rank].append(event) }
    return events
  }

  /// Whether a process still runs; one that is dead but not collected does not.
  static func isAlive(_ pid: Int32) -> Bool {
    guard let stat = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8),
      let state = stat.split(separator: ")").last?.split(separator: " ").first
    else { return false }
    return state != "Z" && state != "X"
  }

  /// Whether the kernel still knows the process, be it dead or alive.
  static func exists(_ pid: Int32) -> Bool {
    FileManager.default.fileExists(atPath: "/proc/\(pid)")
  }
}
