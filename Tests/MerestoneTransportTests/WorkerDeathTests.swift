import Foundation
import MerestoneCore
import MerestoneTransport
import Testing

@Suite("The end of worker processes")
struct WorkerDeathTests {
  @Test("a killed worker is noticed within a second and named", arguments: [0, 1, 2])
  func killedWorker(victim: Int) throws {
    // Rank 0 computes, the others wait for it in a barrier.
    var pids: [Int: Int32] = [:]
    var killed = ContinuousClock.now
    let error = try #require(throws: TransportError.self) {
      try LocalSupervisor.run(Probe.configuration("compute-and-wait", workers: 3)) { rank, event in
        pids[rank] = Int32(String(decoding: event, as: UTF8.self))
        guard pids.count == 3 else { return }
        usleep(50_000)
        killed = .now
        kill(pids[victim]!, SIGKILL)
      }
    }
    #expect(ContinuousClock.now - killed < .seconds(1))
    #expect("\(error)".contains("worker \(victim) (process \(pids[victim]!))"))
    #expect("\(error)".contains("signal 9 (SIGKILL; often the kernel's out-of-memory killer"))
    #expect("\(error)".contains("--resume"))
    for pid in pids.values { #expect(!Probe.exists(pid)) }
  }

  @Test("a worker that fails is named with its exit status")
  func failedWorker() throws {
    let error = try #require(throws: TransportError.self) {
      try LocalSupervisor.run(Probe.configuration("exit", "1", "3", workers: 2)) { _, _ in }
    }
    guard case .workerDied(rank: 1, _, status: .exited(3)) = error else {
      Issue.record("\(error)")
      return
    }
    #expect("\(error)".contains("failed with exit status 3"))
  }

  @Test("a worker that traps is named with its signal, without a slow backtrace")
  func trappedWorker() throws {
    let start = ContinuousClock.now
    let error = try #require(throws: TransportError.self) {
      try LocalSupervisor.run(Probe.configuration("trap", "0", workers: 2)) { _, _ in }
    }
    guard case .workerDied(rank: 0, _, status: .signalled) = error else {
      Issue.record("\(error)")
      return
    }
    #expect(ContinuousClock.now - start < .seconds(3))
  }

  @Test("a worker that leaves while others wait for it ends the run")
  func workerLeavesEarly() throws {
    let error = try #require(throws: TransportError.self) {
      try LocalSupervisor.run(Probe.configuration("exit", "1", "0", workers: 2)) { _, _ in }
    }
    guard case .workerLeftEarly(rank: 1, _) = error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test("a worker that closes its socket and lives on is ended")
  func workerQuitsSocket() throws {
    let error = try #require(throws: TransportError.self) {
      try LocalSupervisor.run(Probe.configuration("quit-socket", workers: 1)) { _, _ in }
    }
    guard case .workerDied(rank: 0, _, status: .signalled(SIGKILL)) = error else {
      Issue.record("\(error)")
      return
    }
  }

  @Test("workers end within a second of a killed parent", arguments: ["compute-and-wait", "stop"])
  func killedParent(mode: String) throws {
    let parent = Process()
    let output = Pipe()
    parent.executableURL = URL(fileURLWithPath: Probe.path)
    parent.arguments = ["parent", mode]
    parent.standardOutput = output
    try parent.run()
    var text = ""
    while text.split(separator: "\n", omittingEmptySubsequences: false).count < 3 {
      let bytes = output.fileHandleForReading.availableData
      if bytes.isEmpty { break }
      text += String(decoding: bytes, as: UTF8.self)
    }
    let pids = text.split(separator: "\n").compactMap { Int32($0) }
    #expect(pids.count == 2)
    #expect(pids.allSatisfy(Probe.isAlive))
    kill(parent.processIdentifier, SIGKILL)
    let killed = ContinuousClock.now
    while pids.contains(where: Probe.isAlive), ContinuousClock.now - killed < .seconds(1) {
      usleep(1000)
    }
    for pid in pids { #expect(!Probe.isAlive(pid)) }
    parent.waitUntilExit()
  }
}
