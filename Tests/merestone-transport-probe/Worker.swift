import FoundationEssentials
import Glibc
import MerestoneCore
import MerestoneTransport

/// The probe as a worker: one method per behaviour that tests ask for.
struct Worker {
  let transport: LocalTransport

  init(_ transport: LocalTransport) { self.transport = transport }

  func run() {
    switch mode {
    case "reduce": reduce(slices: number(2), elements: number(3))
    case "benchmark": benchmark(elements: number(2), rounds: number(3))
    case "broadcast": broadcast(bytes: number(2))
    case "barriers": barriers(number(2))
    case "event": transport.send(event: Data(repeating: UInt8(transport.rank), count: number(2)))
    case "compute-and-wait": computeAndWait()
    case "exit": leave(number(2), status: Int32(arguments[3])!)
    case "trap": trap(number(2))
    case "late": late(milliseconds: number(2), beating: arguments.count > 3)
    case "stop": stopTogether()
    case "ignore-stop":
      sendIdentity()
      while true { sleep(1) }
    case "files": files()
    case "quit-socket": quitSocket()
    default: exit(64)
    }
  }

  private func sendIdentity() { transport.send(event: Data("\(getpid())".utf8)) }

  /// Sums slices three times over and sends the bytes of every result.
  private func reduce(slices: Int, elements: Int) {
    let own = slices / transport.workerCount
    var tree = SliceTree(elementCount: elements, doubleCount: 2)
    var gradient: [Float] = []
    var doubles: [Double] = []
    for round in 0..<3 {
      for slice in (transport.rank * own)..<((transport.rank + 1) * own) {
        let part = ProbeSlice(slice: slice, round: round, elements: elements)
        tree.add(part.gradient, doubles: part.doubles)
      }
      tree.takeSum(into: &gradient, doubles: &doubles)
      transport.reduce(&gradient, doubles: &doubles)
      var event = gradient.withUnsafeBytes { Data($0) }
      doubles.withUnsafeBytes { event.append(contentsOf: $0) }
      transport.send(event: event)
    }
  }

  private func benchmark(elements: Int, rounds: Int) {
    var gradient = (0..<elements).map { Float($0 % 7) * 0x1p-60 }
    var doubles = [1.0, 2.0, 3.0]
    var times: [Double] = []
    for _ in 0..<rounds {
      transport.barrier()
      let start = ContinuousClock.now
      transport.reduce(&gradient, doubles: &doubles)
      times.append((ContinuousClock.now - start) / .microseconds(1))
    }
    times.sort()
    let figures = [0.1, 0.5, 0.9].map { "\(Int(times[Int(Double(rounds - 1) * $0)]))" }
    transport.send(event: Data("us p10/p50/p90 \(figures.joined(separator: "/"))".utf8))
  }

  private func broadcast(bytes: Int) {
    for round in 0..<3 {
      var message = [UInt8]()
      if transport.rank == 0 {
        message = (0..<(bytes * round)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ round) }
      }
      transport.broadcast(&message)
      transport.send(event: Data(message))
      var one: [Float] = [1]
      var none: [Double] = []
      transport.reduce(&one, doubles: &none)
      precondition(one == [Float(transport.workerCount)])
    }
  }

  /// Passes barriers until some twenty of them took as long as a sleep from which nobody wakes; a busy
  /// machine may hold up a few.
  private func barriers(_ count: Int) {
    var (passed, late) = (0, 0)
    while passed < count, late < 20 {
      let start = ContinuousClock.now
      transport.barrier()
      passed += 1
      if ContinuousClock.now - start >= .seconds(1) { late += 1 }
    }
    transport.send(event: Data("\(passed)".utf8))
  }

  /// Rank 0 computes for ever, the others wait for it.
  private func computeAndWait() {
    sendIdentity()
    if transport.rank > 0 { transport.barrier() }
    var value = 1.0
    while value > 0 { value = value * 1.000_000_1 + 1e-9 }
  }

  private func leave(_ rank: Int, status: Int32) {
    sendIdentity()
    if transport.rank == rank { exit(status) }
    transport.barrier()
  }

  private func trap(_ rank: Int) {
    if transport.rank == rank { fatalError("a check that fails, as the test asks") }
    transport.barrier()
  }

  private func late(milliseconds: Int, beating: Bool) {
    if transport.rank == 1 {
      for _ in 0..<(milliseconds / 10) {
        usleep(10_000)
        if beating { transport.heartbeat() }
      }
    }
    transport.barrier()
  }

  /// Works step by step until all workers have agreed to stop.
  private func stopTogether() {
    sendIdentity()
    var steps = 0
    while true {
      var gradient: [Float] = [1]
      var doubles = [transport.cancellation.isCancelled ? 1.0 : 0]
      transport.reduce(&gradient, doubles: &doubles)
      steps += 1
      if doubles[0] > 0 { break }
      usleep(1000)
    }
    transport.send(event: Data("stopped after \(steps > 0)".utf8))
  }

  /// Sends the text of the inherited file and the number of open descriptors.
  private func files() {
    let descriptor = transport.descriptor(named: "greeting")!
    var bytes = [UInt8](repeating: 0, count: 100)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    let open = (0..<1000).filter { fcntl(Int32($0), F_GETFD) >= 0 }
    transport.send(
      event: Data("\(String(decoding: bytes[..<count], as: UTF8.self)) \(open)".utf8))
  }

  /// Closes the socket and lives on.
  private func quitSocket() {
    shutdown(3, Int32(SHUT_WR))
    while true { sleep(1) }
  }
}
