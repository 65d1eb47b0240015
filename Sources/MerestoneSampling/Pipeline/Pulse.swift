package import MerestoneStorage
import Synchronization

/// Shared by the threads that serve one consumer: that they get on, and whether they should.
package final class Pulse: Sendable {
  private let beats = Atomic<Int>(0)
  private let flag = Atomic<Bool>(false)

  package init() {}

  /// Grows whenever a thread has done a piece of its work.
  var count: Int { beats.load(ordering: .relaxed) }

  /// Says that a piece of work is done: a hop, a bucket of pages, some thousand rows.
  package func beat() { beats.add(1, ordering: .relaxed) }

  package var isCancelled: Bool { flag.load(ordering: .relaxed) }

  func cancel() { flag.store(true, ordering: .relaxed) }

  /// A beat between two pieces of reading.
  /// - Throws: ``StorageError/interrupted(path:)`` where nobody waits for the rest.
  package func check(reading path: String) throws(StorageError) {
    if isCancelled { throw .interrupted(path: path) }
    beat()
  }

  /// A beat between two pieces of work.
  /// - Throws: ``SamplingError/cancelled`` where nobody waits for the rest.
  package func check() throws(SamplingError) {
    if isCancelled { throw .cancelled }
    beat()
  }
}

/// What one thread is at: written by the thread, read by the watchdog.
package final class WorkMark: Sendable {
  package let pulse: Pulse
  // The stage in the low 8 bits, one more than the item's number above them.
  private let state = Atomic<UInt64>(0)

  init(_ pulse: Pulse) { self.pulse = pulse }

  var item: Int { Int(state.load(ordering: .relaxed) >> 8) - 1 }

  var stage: PipelineStage {
    PipelineStage(rawValue: UInt8(truncatingIfNeeded: state.load(ordering: .relaxed))) ?? .starting
  }

  /// The thread begins with an item.
  func begin(_ item: Int) {
    state.store(UInt64(item + 1) << 8, ordering: .relaxed)
    pulse.beat()
  }

  /// The thread enters a stage of its item.
  package func enter(_ stage: PipelineStage) {
    let item = state.load(ordering: .relaxed) >> 8
    state.store(item << 8 | UInt64(stage.rawValue), ordering: .relaxed)
    pulse.beat()
  }
}
