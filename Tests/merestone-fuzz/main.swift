import Foundation
import Glibc

/// Runs what the options ask for.
/// - Returns: The exit status.
func run() throws -> Int32 {
  let options = try FuzzOptions(Array(CommandLine.arguments.dropFirst()))
  if let folder = options.runsToMake {
    try InterruptedRun.make(in: folder)
    return 0
  }
  let all = try FuzzTargets.all(
    inputs: options.inputs, graphs: options.graphs, runs: options.runs)
  let targets = options.targets.isEmpty ? all : all.filter { options.targets.contains($0.name) }
  guard !targets.isEmpty else {
    throw Fault(description: "targets are " + all.map(\.name).joined(separator: ", "))
  }
  if let first = options.child {
    var limit = rlimit(rlim_cur: rlim_t(options.memoryLimit), rlim_max: rlim_t(options.memoryLimit))
    guard setrlimit(__rlimit_resource_t(2), &limit) == 0 else {
      throw Fault(description: "cannot limit memory")
    }
    try FuzzChild(target: targets[0], seed: options.seed, folder: options.folder)
      .run(from: first, seconds: options.seconds, note: SharedNote(path: options.folder + "/note"))
    return 0
  }
  if let number = options.replay {
    let folder = NSTemporaryDirectory() + "merestone-fuzz-replay-\(getpid())"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FuzzChild(target: targets[0], seed: options.seed, folder: folder).replay(number)
    return 0
  }
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys]
  var hasFindings = false
  for target in targets {
    let summary = try FuzzParent(options: options).run(target)
    print(String(decoding: try encoder.encode(summary), as: UTF8.self))
    fflush(nil)
    hasFindings = hasFindings || !summary.findings.isEmpty
  }
  return hasFindings ? 1 : 0
}

do {
  exit(try run())
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(2)
}
