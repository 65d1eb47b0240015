import Glibc
import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneIngest

/// Times the parsing of `source<TAB>destination` lines beside counting their newlines.
///
/// Runs only where `MERESTONE_BENCHMARK` is set, in a release build:
/// `MERESTONE_BENCHMARK=1 swift test -c release -Xswiftc -enable-testing --filter ParseBenchmark`
@Suite("Parse benchmark", .enabled(if: getenv("MERESTONE_BENCHMARK") != nil), .serialized)
struct ParseBenchmark {
  @Test("pairs of integers, one thread: processor seconds, median of five")
  func pairs() throws {
    let folder = try InputFolder()
    for (name, limit) in [("6-8 digits", 67_108_863 as UInt64), ("20 digits", .max)] {
      var generator = SplitMix64(seed: 1)
      var bytes: [UInt8] = []
      while bytes.count < 128 << 20 {
        let source = UInt64.random(in: 0...limit, using: &generator)
        let destination = UInt64.random(in: 0...limit, using: &generator)
        bytes += "\(source)\t\(destination)\n".utf8
      }
      let path = try folder.file("edges.tsv", bytes)
      let reader = try EdgeListReader.open(path)
      let pool = ThreadPool(threads: 1)
      try report("\(name): read and parse (stream)", bytes.count) {
        let stream = try reader.stream(pool: pool)
        while try stream.next() != nil {}
      }
      try report("\(name): read and parse (EdgeInputs)", bytes.count) {
        try EdgeInputs(readers: [reader]).read(
          pool: pool, memory: 64 << 20, wrapping: { $0 },
          sink: { (_, _) throws(IngestError) in })
      }
      let buffer = ByteBuffer(capacity: 1 << 20)
      try report("\(name): read and count newlines", bytes.count) {
        let source = try ByteSource(path: path)
        var lines = 0
        while case let count = try source.read(into: buffer, range: 0..<1 << 20), count > 0 {
          lines += buffer.view(count: count).newlineCount(in: 0..<count)
        }
      }
    }
  }

  private func report(_ name: String, _ bytes: Int, _ body: () throws -> Void) throws {
    var seconds: [Double] = []
    for _ in 0..<5 {
      let start = processorSeconds()
      try body()
      seconds.append(processorSeconds() - start)
    }
    let median = seconds.sorted()[2]
    print("\(name): \((Double(bytes) / median / 1e6).formatted(decimals: 0)) MB/s per core")
  }

  private func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }
}
