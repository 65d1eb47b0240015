import Glibc
import MerestoneCore
import MerestoneStorage

/// How fast this machine is, from a quick trial.
struct MachineSpeed {
  /// Work per second over that of the machine on which ``PredictionModel``'s constants were
  /// measured.
  var factor = 1.0
  /// Bytes per second that reach the disk of the temporary files.
  var writeRate = 250e6
  /// Bytes of files that nobody waits for: as Linux is set up, a tenth of the memory may be unwritten
  /// before it begins to write.
  var unwritten = Double(MachineMemory.available) / 10

  /// Seconds of a thread that the trial takes on that machine.
  private static let referenceSeconds = 0.0033
  private static let trialBytes = 32 << 20

  /// - Parameters:
  ///   - folder: Where the temporary files will be; a file is written there and removed at once.
  ///   - writes: Whether the disk matters.
  static func measure(folder: String, writes: Bool) -> MachineSpeed {
    var speed = MachineSpeed()
    speed.factor = min(8, max(0.125, referenceSeconds / trial()))
    if writes, let rate = writeRate(folder: folder) { speed.writeRate = rate }
    return speed
  }

  /// The median of nine runs of scattered counting, in seconds of this thread: a machine that others
  /// use too has slow moments and fast ones, and long work meets both.
  private static func trial() -> Double {
    var counters = [UInt32](repeating: 0, count: 1 << 20)
    var runs: [Double] = []
    for round in 0..<9 as Range<UInt64> {
      let start = threadSeconds()
      for step in 0..<1_000_000 as Range<UInt64> {
        let hash = RawIDHash.mix(step &+ round &<< 32)
        counters[Int(truncatingIfNeeded: hash &>> 44)] &+= 1
      }
      runs.append(threadSeconds() - start)
    }
    // The look at a counter keeps the loop from being optimised away.
    return counters[0] == .max ? 1 : max(runs.sorted()[runs.count / 2], 1e-4)
  }

  private static func threadSeconds() -> Double {
    var time = timespec()
    // SAFETY: `time` is a local that the call fills.
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// Bytes per second of a file that is written and brought to the disk; nil where that fails.
  private static func writeRate(folder: String) -> Double? {
    var path = Array("\(folder)/.merestone-XXXXXX".utf8CString)
    // SAFETY: the template is zero-terminated, and changed in place.
    let descriptor = unsafe mkstemp(&path)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    // SAFETY: as above.
    unsafe unlink(path)
    var part = [UInt8](repeating: 0, count: 1 << 20)
    for place in part.indices { part[place] = UInt8(truncatingIfNeeded: place &* 131 &>> 3) }
    let start = ContinuousClock.now
    for _ in 0..<trialBytes >> 20 {
      // SAFETY: as many bytes are read as the array has.
      guard unsafe write(descriptor, part, part.count) == part.count else { return nil }
      if ContinuousClock.now - start > .seconds(1) { break }
    }
    let bytes = Double(lseek(descriptor, 0, Int32(SEEK_CUR)))
    guard fdatasync(descriptor) == 0, bytes > 0 else { return nil }
    let (seconds, attoseconds) = (ContinuousClock.now - start).components
    return bytes / max(Double(seconds) + Double(attoseconds) * 1e-18, 1e-4)
  }
}
