import Foundation
import MerestoneTransport
import Testing
import merestone_transport_probe

@Suite("Collectives between worker processes")
struct CollectiveTests {
  @Test(
    "a reduction has the bits of the slice tree for every worker count",
    arguments: [(4, 1), (4, 2), (4, 4), (8, 1), (8, 2), (8, 4), (8, 8)], [1000, 5, 0])
  func reduces(_ shape: (slices: Int, workers: Int), elements: Int) throws {
    var configuration = Probe.configuration(
      "reduce", "\(shape.slices)", "\(elements)", workers: shape.workers)
    configuration.reduceCapacity = 333
    let events = try Probe.events(configuration)
    for round in 0..<3 {
      let sum = SliceTreeTests.naive(
        (0..<shape.slices).map { ProbeSlice(slice: $0, round: round, elements: elements) }[...])
      var expected = sum.gradient.withUnsafeBytes { Data($0) }
      sum.doubles.withUnsafeBytes { expected.append(contentsOf: $0) }
      for rank in 0..<shape.workers { #expect(events[rank][round] == expected) }
    }
  }

  @Test("a broadcast of any size carries rank 0's bytes to all", arguments: [1, 3], [1, 5000])
  func broadcasts(workers: Int, bytes: Int) throws {
    var configuration = Probe.configuration("broadcast", "\(bytes)", workers: workers)
    configuration.reduceCapacity = 500
    let events = try Probe.events(configuration)
    for round in 0..<3 {
      let expected = Data(
        (0..<(bytes * round)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ round) })
      for rank in 0..<workers { #expect(events[rank][round] == expected) }
    }
  }

  @Test("ten thousand barriers of more workers than cores wake those that sleep")
  func barrierStorm() throws {
    let events = try Probe.events(Probe.configuration("barriers", "10000", workers: 4))
    #expect(events.allSatisfy { $0 == [Data("10000".utf8)] })
  }

  @Test("a large event arrives whole")
  func largeEvents() throws {
    let events = try Probe.events(Probe.configuration("event", "10000000", workers: 2))
    for rank in 0..<2 {
      #expect(events[rank] == [Data(repeating: UInt8(rank), count: 10_000_000)])
    }
  }

  @Test("workers get the named files and nothing else")
  func handsOverFiles() throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "greeting-\(getpid())")
    try Data("hello".utf8).write(to: url)
    defer { try? FileManager.default.removeItem(at: url) }
    let file = try FileHandle(forReadingFrom: url)
    var configuration = Probe.configuration("files", workers: 2)
    configuration.files = [.init(name: "greeting", descriptor: file.fileDescriptor)]
    let events = try Probe.events(configuration)
    for rank in 0..<2 {
      #expect(String(decoding: events[rank][0], as: UTF8.self) == "hello [0, 1, 2, 3, 4, 5]")
    }
  }
}
