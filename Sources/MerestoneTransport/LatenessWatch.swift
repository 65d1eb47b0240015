import CMerestoneKernels

/// Finds workers that others wait for, in a barrier, for too long.
struct LatenessWatch {
  private struct Sign: Equatable {
    var entered: UInt64
    var heartbeats: UInt64
  }

  /// One worker's last sign of life while others wait for it.
  private struct Watch {
    var sign: Sign
    var since: UInt64
    var nextWarning: UInt64
  }

  private let limit: UInt64
  private var watches: [Watch?]

  init(workerCount: Int, limit: Duration) {
    self.limit = limit.nanoseconds
    watches = Array(repeating: nil, count: workerCount)
  }

  /// Compares the workers' barrier counts; each late worker is named once, then again whenever
  /// the time has doubled.
  mutating func look(at workers: [WorkerProcess], _ region: SharedRegion) -> [TransportWarning] {
    let now = MonotonicClock.nanoseconds()
    let alive = workers.filter(\.isAlive)
    let furthest = alive.map { region.barriersEntered(by: $0.rank) }.max() ?? 0
    let waiting = alive.count { region.barriersEntered(by: $0.rank) == furthest }
    var warnings: [TransportWarning] = []
    for worker in workers {
      let sign = Sign(
        entered: region.barriersEntered(by: worker.rank),
        heartbeats: region.heartbeatCount(of: worker.rank))
      guard worker.isAlive, sign.entered < furthest else {
        watches[worker.rank] = nil
        continue
      }
      guard var watch = watches[worker.rank], watch.sign == sign else {
        watches[worker.rank] = Watch(sign: sign, since: now, nextWarning: limit)
        continue
      }
      let elapsed = now - watch.since
      if elapsed >= watch.nextWarning {
        warnings.append(
          .late(
            rank: worker.rank, pid: worker.pid, waiting: waiting, seconds: Double(elapsed) / 1e9))
        watch.nextWarning = 2 * elapsed
        watches[worker.rank] = watch
      }
    }
    return warnings
  }
}

extension SharedRegion {
  func barriersEntered(by worker: Int) -> UInt64 {
    // SAFETY: an atomic operation on a word of the mapping.
    unsafe mrs_load_u64(entered(worker))
  }

  func heartbeatCount(of worker: Int) -> UInt64 {
    // SAFETY: as above.
    unsafe mrs_load_u64(heartbeats(worker))
  }
}
