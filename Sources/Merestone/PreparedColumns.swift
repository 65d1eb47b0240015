import MerestoneCore
import MerestoneSampling
import MerestoneStorage
import Synchronization

/// The edge columns of a graph that are prepared for schemes, and its long lists, each once for all of
/// them, in what a budget has left for it: what was opened before, node columns among it, keeps its part.
final class PreparedColumns: Sendable {
  private struct OrderName: Hashable {
    let name: String
    let kind: EdgeOrder.Kind
  }

  private struct Held {
    var weights: [String: EdgeWeights] = [:]
    var orders: [OrderName: EdgeOrder] = [:]
    var longLists: LongLists?
    var hasLongLists = false
  }

  private let budget: MemoryBudget
  private let held = Mutex(Held())

  init(_ budget: MemoryBudget) { self.budget = budget }

  /// What the budget's users took together, in bytes.
  var byteCount: Int { budget.taken }

  /// A column's weights, added up as far as memory allows.
  func weights(
    _ name: String, _ topology: Topology, _ pool: ThreadPool
  ) throws(SamplingError) -> EdgeWeights {
    try held.withLock { held throws(SamplingError) in
      if let known = held.weights[name] { return known }
      let made = try EdgeWeights(name, of: topology, memory: room, pool: pool)
      held.weights[name] = made
      budget.use(made.byteCount)
      return made
    }
  }

  /// A column's order, kept where memory allows.
  func order(
    _ name: String, _ kind: EdgeOrder.Kind, _ topology: Topology, _ pool: ThreadPool
  ) throws(SamplingError) -> EdgeOrder {
    let key = OrderName(name: name, kind: kind)
    return try held.withLock { held throws(SamplingError) in
      if let known = held.orders[key] { return known }
      let made = try EdgeOrder(name, kind, of: topology, memory: room, pool: pool)
      held.orders[key] = made
      budget.use(made.byteCount)
      return made
    }
  }

  /// The in-edges of long lists by source; `nil` where memory does not hold them.
  func longLists(_ topology: Topology, _ pool: ThreadPool) throws(SamplingError) -> LongLists? {
    try held.withLock { held throws(SamplingError) in
      if held.hasLongLists { return held.longLists }
      held.longLists = try LongLists.make(of: topology, memory: room, pool: pool)
      held.hasLongLists = true
      budget.use(held.longLists?.byteCount ?? 0)
      return held.longLists
    }
  }

  private var room: ByteCount { ByteCount(budget.remaining) }
}
