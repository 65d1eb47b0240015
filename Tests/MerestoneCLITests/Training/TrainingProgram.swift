import Foundation
import MerestoneTestSupport

/// The built `merestone`, run as its users run it: in a process of its own, with workers.
final class TrainingProgram {
  struct Ending {
    var status: Int32
    /// Ended by a signal; ``status`` is its number then.
    var wasKilled: Bool
    var output: String
    var notes: String
  }

  /// The built program.
  static let path: String = {
    let products = Bundle.allBundles.first { $0.bundlePath.hasSuffix(".xctest") }?.bundleURL
      .deletingLastPathComponent()
    let folder =
      products ?? URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    return folder.appending(path: "merestone").path
  }()

  /// A run with one file for each of stdout and stderr, so that nothing has to be drained.
  private let process = Process()
  private let folder = TemporaryFolder()

  init(_ arguments: [String]) throws {
    process.executableURL = URL(filePath: Self.path)
    process.arguments = arguments
    for name in ["out", "err"] { TestFile.write([], to: folder.file(name)) }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: URL(filePath: folder.file("out")))
    process.standardError = try FileHandle(forWritingTo: URL(filePath: folder.file("err")))
    try process.run()
  }

  /// Runs to the end.
  static func run(_ arguments: String...) throws -> Ending { try run(arguments) }

  static func run(_ arguments: [String]) throws -> Ending { try TrainingProgram(arguments).wait() }

  func wait() -> Ending {
    process.waitUntilExit()
    func text(_ name: String) -> String {
      String(decoding: TestFile.read(folder.file(name)), as: UTF8.self)
    }
    return Ending(
      status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
      output: text("out"), notes: text("err"))
  }

  func signal(_ number: Int32) { kill(process.processIdentifier, number) }

  var isRunning: Bool { process.isRunning }

  /// The process ids of the workers, by rank.
  var workers: [Int32] {
    let pid = process.processIdentifier
    var found: [(rank: Int, pid: Int32)] = []
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let other = Int32(name), Self.status(of: other)?.parent == pid,
        let environment = FileManager.default.contents(atPath: "/proc/\(name)/environ")
      else { continue }
      for entry in environment.split(separator: 0) {
        let text = String(decoding: entry, as: UTF8.self)
        if text.hasPrefix("MERESTONE_WORKER_RANK="), let rank = Int(text.split(separator: "=")[1]) {
          found.append((rank, other))
        }
      }
    }
    return found.sorted { $0.rank < $1.rank }.map(\.pid)
  }

  /// Whether a process is gone; one that only waits to be collected is.
  static func isDead(_ pid: Int32) -> Bool {
    guard let status = status(of: pid) else { return true }
    return status.state == "Z" || status.state == "X"
  }

  private static func status(of pid: Int32) -> (state: String, parent: Int32)? {
    guard let bytes = FileManager.default.contents(atPath: "/proc/\(pid)/stat") else { return nil }
    // The name in brackets may hold blanks.
    let text = String(decoding: bytes, as: UTF8.self)
    guard let end = text.lastIndex(of: ")") else { return nil }
    let fields = text[text.index(after: end)...].split(separator: " ")
    guard fields.count > 1, let parent = Int32(fields[1]) else { return nil }
    return (String(fields[0]), parent)
  }

  /// Waits until `condition` holds, at most some seconds.
  static func wait(seconds: Double = 10, until condition: () throws -> Bool) rethrows -> Bool {
    let deadline = Date.now.addingTimeInterval(seconds)
    while Date.now < deadline {
      if try condition() { return true }
      usleep(2000)
    }
    return try condition()
  }
}
