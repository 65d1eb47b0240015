import Foundation
import Glibc

/// Runs children that read inputs, and notes which input killed one.
struct FuzzParent {
  struct Finding: Encodable {
    var target: String
    var seed: UInt64
    var input: UInt64
    var end: String
  }

  struct Summary: Encodable {
    var target: String
    var seed: UInt64
    var seconds: Double
    var inputs: UInt64
    var accepted: UInt64
    var findings: [Finding]
  }

  let options: FuzzOptions
  /// A child that does not come to its next input within this time is stuck.
  private static let stuckSeconds = 30.0
  /// Findings of one target after which there is enough to mend.
  private static let enough = 10

  func run(_ target: any FuzzTarget) throws -> Summary {
    // Memory is the quickest disk there is for small files.
    let base = access("/dev/shm", W_OK) == 0 ? "/dev/shm/" : NSTemporaryDirectory()
    let folder = base + "merestone-fuzz-\(getpid())-\(target.name)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let note = try SharedNote(path: folder + "/note")
    let began = ContinuousClock().now
    let end = began + .seconds(options.seconds)
    var findings: [Finding] = []
    var next = options.first
    while ContinuousClock().now < end, findings.count < Self.enough {
      let rest = (end - ContinuousClock().now) / .seconds(1)
      note.input = next
      let status = try runChild(target.name, from: next, seconds: min(rest, 20), folder, note)
      next = note.input
      guard let status else { continue }
      let finding = Finding(target: target.name, seed: options.seed, input: next, end: status)
      findings.append(finding)
      try save(finding, of: target)
      next += 1
    }
    return Summary(
      target: target.name, seed: options.seed,
      seconds: (ContinuousClock().now - began) / .seconds(1), inputs: next - options.first,
      accepted: note.accepted, findings: findings)
  }

  /// Writes the input that killed a child where it can be looked at.
  private func save(_ finding: Finding, of target: any FuzzTarget) throws {
    var generator = FuzzChild.generator(seed: finding.seed, input: finding.input)
    let folder = "\(options.findings)/\(finding.target)-\(finding.seed)-\(finding.input)"
    try Folder.write(target.input(using: &generator), to: folder)
    FileHandle.standardError.write(
      Data("\(finding.target): input \(finding.input) ends by \(finding.end)\n".utf8))
  }

  /// - Returns: How the child ended, nil where it ended well.
  private func runChild(
    _ target: String, from first: UInt64, seconds: Double, _ folder: String, _ note: SharedNote
  ) throws -> String? {
    let arguments =
      [CommandLine.arguments[0], "--child", "\(first)", "--folder", folder]
      + ["--seconds", "\(seconds)", "--seed", "\(options.seed)"]
      + ["--memory-limit", "\(options.memoryLimit)"]
      + (options.inputs.map { ["--inputs", $0] } ?? [])
      + (options.graphs.map { ["--graphs", $0] } ?? [])
      + (options.runs.map { ["--runs", $0] } ?? []) + [target]
    let environment = ProcessInfo.processInfo.environment
      .merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }.map { "\($0.key)=\($0.value)" }
    var pid = pid_t()
    var argumentPointers = arguments.map { strdup($0) } + [nil]
    var environmentPointers = environment.map { strdup($0) } + [nil]
    defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
    let status = posix_spawn(
      &pid, CommandLine.arguments[0], nil, nil, &argumentPointers, &environmentPointers)
    guard status == 0 else { throw Fault(description: "cannot start a child: \(status)") }
    return wait(for: pid, note)
  }

  private func wait(for pid: pid_t, _ note: SharedNote) -> String? {
    var last = note.input
    var moved = ContinuousClock().now
    var isStuck = false
    var status: Int32 = 0
    while waitpid(pid, &status, WNOHANG) == 0 {
      usleep(20_000)
      if note.input != last {
        last = note.input
        moved = ContinuousClock().now
      } else if !isStuck, (ContinuousClock().now - moved) / .seconds(1) > Self.stuckSeconds {
        isStuck = true
        kill(pid, SIGKILL)
      }
    }
    if isStuck { return "a hang" }
    if status & 0x7F != 0 { return "signal \(status & 0x7F)" }
    let code = status >> 8 & 0xFF
    return code == 0 ? nil : "exit \(code)"
  }
}
