package import FoundationEssentials
package import MerestoneCore

/// What one worker of a training run needs from the others: a collective for gradients, one for
/// bytes, barriers, and a way to report.
///
/// Every worker makes the same sequence of collective calls (``barrier()``,
/// ``reduce(_:doubles:)``, ``broadcast(_:)``), from one thread. There is nothing to catch: a worker
/// whose peers or supervisor are gone is ended from outside, in the middle of any call, and the
/// supervisor tells the user why. Files must therefore always be replaced by rename.
package protocol Transport: Sendable {
  /// This worker's number, in `0..<workerCount`.
  var rank: Int { get }

  var workerCount: Int { get }

  /// Set when the run should stop early. Workers see it at different times: agree on it by a
  /// ``reduce(_:doubles:)`` before leaving the common sequence of calls.
  var cancellation: Cancellation { get }

  /// Returns when every worker has called it.
  func barrier()

  /// Replaces `buffer` and `doubles` by their sums over all workers, in the same order on every
  /// worker: pairs of neighbouring ranks first, then pairs of pairs.
  ///
  /// With a worker's own slices summed by a ``SliceTree``, the result has the same bits for every
  /// worker count that divides the slice count.
  ///
  /// - Parameters:
  ///   - buffer: One number per parameter. Shape `[n]`, the same `n` on every worker.
  ///   - doubles: A few numbers more (loss, counts). Shape `[m]`, the same `m <= 256` everywhere.
  func reduce(_ buffer: inout [Float], doubles: inout [Double])

  /// Replaces `bytes` by those of rank 0.
  func broadcast(_ bytes: inout [UInt8])

  /// Tells the supervisor something; messages of one worker arrive in order. Any thread.
  func send(event: Data)

  /// Says that this worker lives although it does not come to the barrier: call it now and then
  /// in work of many seconds that the other workers wait for. Any thread.
  func heartbeat()
}
