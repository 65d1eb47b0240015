import Glibc

/// One thread for work that waits, such as decoding a file that cannot be split.
package struct BackgroundThread: Sendable {
  private let handle: pthread_t

  /// - Returns: nil where the system has no room for another thread.
  package init?(_ body: @escaping @Sendable () -> Void) {
    final class Box {
      let body: @Sendable () -> Void
      init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    // SAFETY: the retained reference is taken over by the thread, which releases it at its start.
    let context = unsafe Unmanaged.passRetained(Box(body))
    let status = unsafe pthread_create(
      &thread, nil,
      { argument in
        let box = unsafe Unmanaged<Box>.fromOpaque(argument!).takeRetainedValue()
        box.body()
        return nil
      }, context.toOpaque())
    guard status == 0 else {
      unsafe context.release()
      return nil
    }
    handle = thread
  }

  /// Waits for its end. To be called once.
  package func join() { pthread_join(handle, nil) }
}
