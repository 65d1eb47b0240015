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
    // Once asked for: none where memory does not hold them.
    var longLists: LongLists??
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

  /// The in-edges of long lists by source; `nil` where half of what is left does not hold them: what is opened
  /// later, feature rows among it, should find room.
  func longLists(_ topology: Topology, _ pool: ThreadPool) throws(SamplingError) -> LongLists? {
    try held.withLock { held throws(SamplingError) in
      if let known = held.longLists { return known }
      let made = try LongLists.make(
        of: topology, memory: ByteCount(room.bytes / 2), pool: pool)
      held.longLists = .some(made)
      budget.use(made?.byteCount ?? 0)
      return made
    }
  }

  private var room: ByteCount { ByteCount(budget.remaining) }
}
