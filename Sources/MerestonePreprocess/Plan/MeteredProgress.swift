import Glibc
import MerestoneCore
import Synchronization

/// Passes progress on, and looks ten times a second at the disk space of the temporary files.
final class MeteredProgress: ProgressListener {
  private let listener: any ProgressListener
  private let folder: String
  private let highest = Atomic<Int>(0)
  /// When to look again, in nanoseconds of the monotonic clock.
  private let due = Atomic<UInt64>(0)

  private static let interval: UInt64 = 100_000_000

  init(_ listener: any ProgressListener, folder: String) {
    self.listener = listener
    self.folder = folder
  }

  /// The most disk space that was seen.
  var temporaryBytes: Int { highest.load(ordering: .relaxed) }

  func begin(stage: String, total: Int?, unit: String) {
    listener.begin(stage: stage, total: total, unit: unit)
  }

  func advance(by count: Int) {
    listener.advance(by: count)
    let now = MonotonicClock.now
    let due = due.load(ordering: .relaxed)
    guard now >= due else { return }
    let (isMine, _) = self.due.compareExchange(
      expected: due, desired: now + Self.interval, ordering: .relaxed)
    if isMine { look() }
  }

  func end(summary: String) {
    look()
    listener.end(summary: summary)
  }

  func warn(_ message: String) { listener.warn(message) }

  /// Looks now.
  func look() { highest.max(FileSpace.used(by: folder), ordering: .relaxed) }
}

/// The monotonic clock.
private enum MonotonicClock {
  static var now: UInt64 {
    var time = timespec()
    // SAFETY: `time` is a local that the call fills.
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
