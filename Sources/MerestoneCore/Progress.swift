/// Hears how far long work has come. Called from any thread; implementations must be quick.
public protocol ProgressListener: Sendable {
  /// A stage begins. `total` is its number of units, where it is known.
  func begin(stage: String, total: Int?, unit: String)

  /// `count` more units of the current stage are done.
  func advance(by count: Int)

  /// The current stage is through. `summary` says what came of it.
  func end(summary: String)

  /// Something that the user should know, though work goes on.
  func warn(_ message: String)
}

/// Ignores everything: for tests and for callers that do not watch.
public struct SilentProgress: ProgressListener {
  public init() {}
  public func begin(stage: String, total: Int?, unit: String) {}
  public func advance(by count: Int) {}
  public func end(summary: String) {}
  public func warn(_ message: String) {}
}
