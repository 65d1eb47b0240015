import MerestoneSampling
import Synchronization

/// The edge columns of a graph that are prepared for schemes, each once for all of them, in what the
/// graph's memory has left for it.
final class PreparedColumns: Sendable {
  private struct OrderName: Hashable {
    let name: String
    let kind: EdgeOrder.Kind
  }

  private struct Held {
    var weights: [String: EdgeWeights] = [:]
    var orders: [OrderName: EdgeOrder] = [:]

    var byteCount: Int {
      weights.values.reduce(0) { $0 + $1.byteCount } + orders.values.reduce(0) { $0 + $1.byteCount }
    }

    /// What one more may take.
    func room(_ topology: Topology) -> ByteCount {
      ByteCount(max(0, topology.plan.columnMemory.bytes - byteCount))
    }
  }

  private let held = Mutex(Held())
  // Beside the lock, which is held while a column is prepared.
  private let bytes = Atomic<Int>(0)

  /// The memory that all that are ready take, in bytes.
  var byteCount: Int { bytes.load(ordering: .relaxed) }

  /// A column's weights, added up as far as memory allows.
  func weights(
    _ name: String, _ topology: Topology, _ pool: ThreadPool
  ) throws(SamplingError) -> EdgeWeights {
    try held.withLock { held throws(SamplingError) in
      if let known = held.weights[name] { return known }
      let made = try EdgeWeights(name, of: topology, memory: held.room(topology), pool: pool)
      held.weights[name] = made
      bytes.store(held.byteCount, ordering: .relaxed)
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
      let made = try EdgeOrder(name, kind, of: topology, memory: held.room(topology), pool: pool)
      held.orders[key] = made
      bytes.store(held.byteCount, ordering: .relaxed)
      return made
    }
  }
}
