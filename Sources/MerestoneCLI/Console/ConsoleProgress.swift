import Glibc
import MerestoneCore
import Synchronization

/// Shows how far long work has come, on standard error.
///
/// On a terminal one line is drawn again and again, with a bar, the rate and the time left;
/// elsewhere there is one plain line per finished stage.
package final class ConsoleProgress: ProgressListener {
  private struct Stage {
    var name = ""
    var total: Int?
    var unit = ""
    var start = 0.0
    var isRunning = false
  }

  private let sink: TextSink
  private let isQuiet: Bool
  private let stage = Mutex(Stage())
  private let count = Atomic<Int>(0)
  /// When the bar is due again, in nanoseconds of the monotonic clock.
  private let due = Atomic<UInt64>(0)

  private static let interval: UInt64 = 100_000_000
  private static let nameWidth = 22
  private static let barWidth = 20

  /// - Parameter isQuiet: Shows warnings only.
  package init(_ sink: TextSink, isQuiet: Bool) {
    self.sink = sink
    self.isQuiet = isQuiet
  }

  package func begin(stage name: String, total: Int?, unit: String) {
    stage.withLock { stage in
      if stage.isRunning { finish(&stage, summary: "") }
      count.store(0, ordering: .relaxed)
      stage = Stage(
        name: name, total: total, unit: unit, start: Double(Self.now()) / 1e9, isRunning: true)
      draw(stage)
    }
  }

  package func advance(by count: Int) {
    self.count.add(count, ordering: .relaxed)
    guard sink.isTerminal, !isQuiet else { return }
    let now = Self.now()
    let due = due.load(ordering: .relaxed)
    guard now >= due else { return }
    let won = self.due.compareExchange(
      expected: due, desired: now + Self.interval, ordering: .relaxed
    ).exchanged
    if won { stage.withLock { draw($0) } }
  }

  package func end(summary: String) {
    stage.withLock { finish(&$0, summary: summary) }
  }

  package func warn(_ message: String) {
    stage.withLock { stage in
      sink.write("\(erase)merestone: warning: \(message)\n")
      draw(stage)
    }
  }

  private var erase: String { sink.isTerminal && !isQuiet ? "\r\u{1B}[K" : "" }

  private func draw(_ stage: Stage) {
    guard sink.isTerminal, !isQuiet, stage.isRunning else { return }
    let done = count.load(ordering: .relaxed)
    sink.write(
      "\r\u{1B}[K"
        + Self.line(
          stage.name, done: done, total: stage.total, unit: stage.unit,
          seconds: Double(Self.now()) / 1e9 - stage.start))
  }

  /// One line of the bar: the share, the count, the rate and the time left.
  package static func line(
    _ name: String, done: Int, total: Int?, unit: String, seconds: Double
  ) -> String {
    let rate = seconds > 0 ? Double(done) / seconds : 0
    var line = name.padded(to: nameWidth)
    if let total, total > 0 {
      let share = min(1, Double(done) / Double(total))
      let filled = Int(share * Double(barWidth))
      line +=
        " [" + String(repeating: "#", count: filled)
        + String(repeating: ".", count: barWidth - filled) + "] "
        + "\(Int(share * 100))%".padded(to: 4, .right)
    }
    guard done > 0 else { return line }
    line += "  \(amount(done, unit))"
    if seconds > 0.5 { line += "  \(amount(Int(rate), unit))/s" }
    if let total, rate > 0, done < total, seconds > 1 {
      line += "  \((Double(total - done) / rate).asDuration) left"
    }
    return line
  }

  private func finish(_ stage: inout Stage, summary: String) {
    guard stage.isRunning else { return }
    stage.isRunning = false
    guard !isQuiet else { return }
    let seconds = Double(Self.now()) / 1e9 - stage.start
    var line = stage.name.padded(to: Self.nameWidth)
    line += "  \(seconds.asDuration.padded(to: 10, .right))"
    if !summary.isEmpty { line += "  \(summary)" }
    sink.write("\(erase)\(line)\n")
  }

  /// `1.23 M edges`, or `4.56 MiB` where the unit is bytes.
  private static func amount(_ count: Int, _ unit: String) -> String {
    if unit == "bytes" || unit == "B" { return ByteCount(count).description }
    return "\(Double(count).asMagnitude) \(unit)".trimmingTrailingBlanks
  }

  private static func now() -> UInt64 {
    var time = timespec()
    // SAFETY: the call writes the one structure that it is given.
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }
}
