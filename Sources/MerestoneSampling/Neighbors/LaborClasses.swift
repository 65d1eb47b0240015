internal import CMerestoneKernels
import MerestoneCore

/// The size class of every source's number in one hop of LABOR-0, a byte per node.
///
/// A hop of LABOR-0 looks at every in-edge of its destinations and keeps few of them. Where those
/// edges are many times the nodes, sources recur: it is faster to compute each node's number once and
/// to look its class up than to compute the number edge by edge.
struct LaborClasses {
  private let budget: ByteCount
  private var classes: [UInt8] = []
  private var isCurrent = false

  // A class of a node costs as much as is saved on this many edges, twice over.
  private static let scannedPerNode = 2

  /// - Parameter budget: What a sampler's table over nodes, of four bytes each, may take. No classes
  ///   are made for a graph that is too large for one.
  init(budget: ByteCount) {
    self.budget = budget
  }

  /// Makes the classes of a hop, or forgets those of the hop before where they would not pay.
  ///
  /// - Parameter scanned: The edges that the hop looks at.
  /// - Complexity: O(*nodeCount*) where classes are made.
  mutating func prepare(nodeCount: Int, draws: RandomDraws, scanned: UInt64) {
    isCurrent =
      scanned / UInt64(Self.scannedPerNode) >= UInt64(nodeCount)
      && nodeCount <= budget.bytes / MemoryLayout<UInt32>.size
    guard isCurrent else { return }
    if classes.count != nodeCount { classes = [UInt8](inHugePages: 0, count: nodeCount) }
    unsafe classes.withUnsafeMutableBufferPointer { classes in
      // SAFETY: there is a byte for every node.
      unsafe mrs_labor_classify(classes.count, draws.key.x, draws.key.y, classes.baseAddress)
    }
  }

  /// Lends the classes of the hop; `nil` where there are none.
  @unsafe func withCurrent<R>(_ body: (UnsafePointer<UInt8>?) -> R) -> R {
    unsafe classes.withUnsafeBufferPointer { unsafe body(isCurrent ? $0.baseAddress : nil) }
  }
}
