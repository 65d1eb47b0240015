internal import CMerestoneKernels
import MerestoneCore

extension HopEdges {
  /// Picks edges of every destination uniformly: `min(list, fanout)` without replacement, else `fanout`
  /// of each list that is not empty.
  ///
  /// Sets ``indptr`` and ``edges``, in the memory that they have.
  ///
  /// - Parameters:
  ///   - nodes: The destinations. Shape `[d]`.
  ///   - lists: Where their in-edges lie. At least `d` elements.
  ///   - fanout: -1 for all.
  ///   - isWide: Whether node ids may have more than 32 bits: the slower way, without replacement only.
  ///   - scratch: Memory that the next call can use again.
  mutating func pick(
    _ nodes: [NodeID], _ lists: [EdgeList], fanout: Int, replaces: Bool = false,
    draws: RandomDraws, isWide: Bool, scratch: inout [UInt32]
  ) {
    precondition(!replaces || (fanout >= 0 && !isWide))
    let limit = fanout == -1 ? UInt64.max : UInt64(fanout)
    indptr.resize(to: nodes.count + 1, filling: 0)
    var total = 0
    indptr[0] = 0
    for place in nodes.indices {
      let count = lists[place].count
      total += replaces ? (count > 0 ? fanout : 0) : Int(min(count, limit))
      indptr[place &+ 1] = total
    }
    edges.resize(to: total, filling: EdgeID(0))
    precondition(lists.count >= nodes.count, "\(lists.count) lists of \(nodes.count) nodes")
    if isWide {
      pickWide(nodes, lists, draws: draws)
      return
    }
    scratch.resize(to: nodes.count, filling: 0)
    for place in nodes.indices {
      scratch[place] = UInt32(truncatingIfNeeded: nodes[place].rawValue)
    }
    unsafe edges.withUnsafeMutableBufferPointer { edges in
      unsafe lists.withUnsafeBufferPointer { lists in
        unsafe scratch.withUnsafeBufferPointer { nodes in
          // SAFETY: an edge list is the same two words here and there, an edge id one word; `edges`
          // has room for what was counted above.
          unsafe mrs_pick(
            nodes.baseAddress,
            UnsafeRawPointer(lists.baseAddress)?.assumingMemoryBound(to: mrs_edge_list.self),
            nodes.count, limit, replaces ? 1 : 0, draws.key.x, draws.key.y,
            UnsafeMutableRawPointer(edges.baseAddress)?.assumingMemoryBound(to: UInt64.self))
        }
      }
    }
  }

  private mutating func pickWide(_ nodes: [NodeID], _ lists: [EdgeList], draws: RandomDraws) {
    let indptr = indptr
    unsafe edges.withUnsafeMutableBufferPointer { buffer in
      // SAFETY: an edge id is one word, and `indptr` cuts the buffer into one window per node.
      unsafe buffer.withMemoryRebound(to: UInt64.self) { words in
        for place in nodes.indices {
          let list = lists[place]
          let kept = indptr[place &+ 1] &- indptr[place]
          guard kept > 0, let base = words.baseAddress else { continue }
          let window = unsafe base + indptr[place]
          if UInt64(kept) == list.count {
            for index in 0..<kept { unsafe window[index] = list.start &+ UInt64(index) }
            continue
          }
          unsafe PositionPicker.pick(
            kept, of: list.count, entity: nodes[place].rawValue, draws: draws, into: window)
          for index in 0..<kept { unsafe window[index] &+= list.start }
        }
      }
    }
  }
}
