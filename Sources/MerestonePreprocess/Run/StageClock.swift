import Glibc
import MerestoneCore

/// Times the stages of one run and tells the listener about them.
struct StageClock {
  let progress: any ProgressListener
  private(set) var times: [StageTime] = []
  private let start = ContinuousClock.now
  private var stageStart = ContinuousClock.now
  private var stage = ""
  private var stageCPU = 0.0

  init(progress: any ProgressListener) { self.progress = progress }

  mutating func begin(_ stage: String, total: Int? = nil, unit: String) {
    self.stage = stage
    stageStart = .now
    stageCPU = Self.cpuSeconds
    progress.begin(stage: stage, total: total, unit: unit)
  }

  /// Ends the stage. `work` units of `unit` go into the summary as a rate; the listener shows the
  /// time.
  mutating func end(_ summary: String, work: Int = 0, unit: String = "") {
    let seconds = Self.seconds(ContinuousClock.now - stageStart)
    times.append(
      StageTime(
        name: stage, seconds: seconds, cpuSeconds: Self.cpuSeconds - stageCPU,
        peakMemoryBytes: MachineMemory.peakResidentBytes))
    var text = summary
    if work > 0, seconds >= Self.shortestTimed {
      let rate = Double(work) / seconds
      text +=
        unit == "bytes"
        ? ", \((rate / 1e6).formatted(decimals: 0)) MB/s"
        : ", \((rate / 1e6).formatted(decimals: 1)) million \(unit)/s"
    }
    progress.end(summary: text)
  }

  /// Rates of shorter stages say nothing.
  private static let shortestTimed = 0.05

  /// Seconds since the run began.
  var elapsed: Double { Self.seconds(ContinuousClock.now - start) }

  /// What all threads of the process have used so far.
  private static var cpuSeconds: Double {
    var usage = rusage()
    // SAFETY: `usage` is a local that the call fills.
    guard unsafe getrusage(Int32(RUSAGE_SELF.rawValue), &usage) == 0 else { return 0 }
    return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
      + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6
  }

  private static func seconds(_ duration: Duration) -> Double {
    let (seconds, attoseconds) = duration.components
    return Double(seconds) + Double(attoseconds) * 1e-18
  }
}
