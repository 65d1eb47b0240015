import Synchronization

/// Asks long work to stop; set once, read by any thread.
///
/// Work polls ``isCancelled`` at its natural steps (a buffer of input, a page, a mini-batch) and
/// leaves by its module's `interrupted` error, so that temporary output is removed on the way out.
public final class Cancellation: Sendable {
  private let flag = Atomic<Bool>(false)

  public init() {}

  public var isCancelled: Bool { flag.load(ordering: .relaxed) }

  public func cancel() { flag.store(true, ordering: .relaxed) }
}
