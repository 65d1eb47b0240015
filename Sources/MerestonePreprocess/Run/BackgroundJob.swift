import MerestoneIngest

/// Work of one thread beside the pool, such as writing what was computed while the next is computed.
///
/// `@unchecked Sendable`: the thread alone touches body and result until it is joined. What the body
/// captures is its own until then.
final class BackgroundJob<Value>: @unchecked Sendable {
  private var body: (() throws(PreprocessError) -> Value)?
  private var result: Result<Value, PreprocessError>?
  private var thread: BackgroundThread?

  /// Starts; where the system has no room for another thread, the work is done here and now.
  init(_ body: @escaping () throws(PreprocessError) -> Value) {
    self.body = body
    thread = BackgroundThread { [self] in run() }
    if thread == nil { run() }
  }

  private func run() {
    guard let body else { return }
    do throws(PreprocessError) {
      result = .success(try body())
    } catch {
      result = .failure(error)
    }
    self.body = nil
  }

  /// Waits for the end.
  func wait() {
    thread?.join()
    thread = nil
  }

  /// Waits for the end, and says what came of it.
  func value() throws(PreprocessError) -> Value {
    wait()
    guard let result else { preconditionFailure("a job that did not run") }
    return try result.get()
  }
}
