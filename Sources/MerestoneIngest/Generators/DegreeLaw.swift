import Glibc

/// A power law for expected degrees: a Pareto distribution with exponent 2.5, cut off above.
struct DegreeLaw: Sendable {
  private let smallest: Double
  private let tail: Double
  private static let exponent = 1.5

  init(mean: Double, nodes: Int) {
    let a = Self.exponent
    // The largest expected degree: 300 times the mean, but a twentieth of the graph at most.
    let ratio = min(max(min(900, 0.15 * Double(nodes) / max(mean, 1)), 1.5), 900)
    tail = 1 - pow(1 / ratio, a)
    let relative = a / (a - 1) * (1 - pow(1 / ratio, a - 1)) / tail
    smallest = mean / relative
  }

  /// The expected degree at a quantile.
  @inline(__always) func degree(_ quantile: Double) -> Double {
    smallest * pow(1 - quantile * tail, -1 / Self.exponent)
  }
}
