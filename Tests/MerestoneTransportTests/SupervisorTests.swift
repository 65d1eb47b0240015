import Foundation
import MerestoneCore
import MerestoneTransport
import Testing

@Suite("The supervisor of worker processes")
struct SupervisorTests {
  @Test("a cancellation lets workers stop together, and Ctrl-C alone does not touch them")
  func cancels() throws {
    let cancellation = Cancellation()
    var last: [Int: String] = [:]
    var identified = 0
    var configuration = Probe.configuration("stop", workers: 2)
    configuration.stopGrace = .seconds(20)
    let start = ContinuousClock.now
    let error = try #require(throws: TransportError.self) {
      try LocalSupervisor.run(configuration, cancellation: cancellation) { rank, event in
        last[rank] = String(decoding: event, as: UTF8.self)
        identified += 1
        // What a terminal's Ctrl-C does to the group; workers leave it to the supervisor.
        if identified <= 2 { kill(Int32(last[rank]!)!, SIGINT) }
        if identified == 2 { cancellation.cancel() }
      }
    }
    guard case .interrupted = error else {
      Issue.record("\(error)")
      return
    }
    #expect(last == [0: "stopped after true", 1: "stopped after true"])
    #expect(ContinuousClock.now - start < .seconds(10))
  }

  @Test("workers that do not heed a cancellation are killed after the grace")
  func cancelsTheDeaf() throws {
    let cancellation = Cancellation()
    var pids: [Int32] = []
    var configuration = Probe.configuration("ignore-stop", workers: 2)
    configuration.stopGrace = .milliseconds(100)
    let error = try #require(throws: TransportError.self) {
      try LocalSupervisor.run(configuration, cancellation: cancellation) { _, event in
        pids.append(Int32(String(decoding: event, as: UTF8.self))!)
        if pids.count == 2 { cancellation.cancel() }
      }
    }
    guard case .interrupted = error else {
      Issue.record("\(error)")
      return
    }
    for pid in pids { #expect(!Probe.exists(pid)) }
  }

  @Test("a listener that fails ends the run with its error")
  func failingListener() throws {
    struct Refusal: Error {}
    var pids: [Int32] = []
    let error = try #require(throws: TransportError.self) {
      try LocalSupervisor.run(Probe.configuration("ignore-stop", workers: 2)) { _, event in
        pids.append(Int32(String(decoding: event, as: UTF8.self))!)
        throw Refusal()
      }
    }
    guard case .eventHandler(let inner) = error, inner is Refusal else {
      Issue.record("\(error)")
      return
    }
    for pid in pids { #expect(!Probe.exists(pid)) }
  }

  @Test("a late worker is named in a warning and may finish", arguments: [false, true])
  func lateWorker(beating: Bool) throws {
    var configuration = Probe.configuration("late", "1500", workers: 3)
    if beating { configuration.arguments.append("beating") }
    configuration.lateAfter = .milliseconds(600)
    var warnings: [TransportWarning] = []
    try LocalSupervisor.run(
      configuration, onWarning: { warnings.append($0) }, onEvent: { _, _ in })
    if beating {
      #expect(warnings.isEmpty)
    } else {
      guard case .late(rank: 1, _, waiting: 2, _) = warnings.first, warnings.count < 4 else {
        Issue.record("\(warnings)")
        return
      }
      #expect(warnings[0].description.hasPrefix("worker 1 (process "))
    }
  }

  @Test("a program that does not exist is named")
  func missingProgram() throws {
    var configuration = Probe.configuration("barriers", "1", workers: 2)
    configuration.executable = "/nonexistent/merestone"
    let error = try #require(throws: TransportError.self) {
      try LocalSupervisor.run(configuration) { _, _ in }
    }
    #expect("\(error)".hasPrefix("cannot start the worker program /nonexistent/merestone: No such"))
  }

  @Test("many runs leave no descriptor, no child and no shared memory behind")
  func leavesNothing() throws {
    let result = try probeOutput(["hygiene", "50"])
    #expect(result.text == "0 0 0\n")
    #expect(result.status == 0)
  }

  @Test("a worker started by hand says what to run instead")
  func startedByHand() throws {
    let result = try probeOutput(["barriers", "1"])
    #expect(result.status == 1)
    #expect(result.errors.contains("is started by it, not by hand"))
    #expect(result.errors.contains("merestone train GRAPH --out RUN --workers N"))
  }

  private func probeOutput(
    _ arguments: [String]
  ) throws -> (text: String, errors: String, status: Int32) {
    let process = Process()
    let (output, errors) = (Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: Probe.path)
    process.arguments = arguments
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    let complaints = errors.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (
      String(decoding: text, as: UTF8.self), String(decoding: complaints, as: UTF8.self),
      process.terminationStatus
    )
  }
}
