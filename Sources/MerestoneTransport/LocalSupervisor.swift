package import FoundationEssentials
package import MerestoneCore

/// The parent side of local processes: starts the workers, hears their messages, and notices the
/// first one that dies.
package enum LocalSupervisor {
  /// Starts the workers and returns when all of them have ended with exit status 0.
  ///
  /// However this ends, no worker process, descriptor or shared memory of the run is left. The
  /// calling thread waits here: the kernel kills the workers if it ends first.
  ///
  /// - Parameters:
  ///   - cancellation: Once set, workers are asked to stop (``Transport/cancellation``), and
  ///     killed after ``LocalConfiguration/stopGrace``.
  ///   - onWarning: Hears of late workers, on the calling thread.
  ///   - onEvent: Hears rank and message, on the calling thread, in order for each worker. While
  ///     it works, nobody watches the workers, so it should be quick. What it throws ends the run and comes back as ``TransportError/eventHandler(_:)``.
  /// - Throws: ``TransportError/workerDied(rank:pid:status:)`` within a second of a worker's end,
  ///   ``TransportError/interrupted`` after a cancellation, and others.
  package static func run(
    _ configuration: LocalConfiguration,
    cancellation: Cancellation = Cancellation(),
    onWarning: (TransportWarning) -> Void = { _ in },
    onEvent: (Int, Data) throws -> Void
  ) throws(TransportError) {
    let region = try SharedRegion(
      workerCount: configuration.workerCount, slotCapacity: configuration.reduceCapacity)
    var crew = WorkerCrew(region: region)
    do throws(TransportError) {
      try crew.start(configuration)
      try crew.supervise(
        configuration, cancellation: cancellation, onWarning: onWarning, onEvent: onEvent)
    } catch {
      crew.endAll()
      throw error
    }
    crew.endAll()
  }
}
