package import FoundationEssentials
package import MerestoneCore

/// The transport of a run with one worker inside the calling process: nothing to wait for.
package struct SoleTransport: Transport {
  package let cancellation: Cancellation
  private let onEvent: @Sendable (Data) -> Void

  /// - Parameter onEvent: Hears what the worker sends, on the sending thread.
  package init(
    cancellation: Cancellation = Cancellation(), onEvent: @escaping @Sendable (Data) -> Void
  ) {
    self.cancellation = cancellation
    self.onEvent = onEvent
  }

  package var rank: Int { 0 }
  package var workerCount: Int { 1 }
  package func barrier() {}
  package func reduce(_ buffer: inout [Float], doubles: inout [Double]) {}
  package func broadcast(_ bytes: inout [UInt8]) {}
  package func send(event: Data) { onEvent(event) }
  package func heartbeat() {}
}
