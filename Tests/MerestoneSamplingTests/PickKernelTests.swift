import CMerestoneKernels
import MerestoneCore
import MerestoneTestSupport
import Testing

@testable import MerestoneSampling

@Suite("Picking many lists at once")
struct PickKernelTests {
  @Test(
    "draws what the picker of one list draws, with and without wide vectors",
    arguments: [0, 1, 2, 3, 5, 10, 15, 31, 32, 33, 70])
  func equalsReference(fanout: Int) {
    var generator = SplitMix64(seed: UInt64(fanout))
    let draws = RandomKey(seed: 3, stream: .neighborSampling, step: fanout).draws
    // Lists shorter than the fanout, a little longer, much longer, and on both sides of the limit
    // between narrow and wide draws.
    let lengths: [UInt64] = (0..<333).map { _ in
      switch generator.next() % 5 {
      case 0: generator.next() % 8
      case 1: UInt64(fanout) + generator.next() % 4
      case 2: generator.next() % 400
      case 3: PositionPicker.narrowLimit - 2 + generator.next() % 4
      default: generator.next() % (1 << 45)
      }
    }.map { min($0, fanout == 0 ? $0 : max($0, 1)) }
    let nodes = lengths.map { _ in UInt32(truncatingIfNeeded: generator.next()) }
    let lists = lengths.map { mrs_edge_list(start: generator.next() >> 8, count: $0) }
    var expected: [UInt64] = []
    for (node, list) in zip(nodes, lists) {
      if list.count <= UInt64(fanout) {
        expected += (0..<list.count).map { list.start + $0 }
      } else if fanout > 0 {
        var window = [UInt64](repeating: 0, count: fanout)
        window.withUnsafeMutableBufferPointer {
          PositionPicker.pick(
            fanout, of: list.count, entity: UInt64(node), draws: draws, into: $0.baseAddress!)
        }
        expected += window.map { list.start + $0 }
      }
    }
    for kernel in [mrs_pick, mrs_pick_baseline] {
      var edges = [UInt64](repeating: 0, count: expected.count)
      kernel(
        nodes, lists, nodes.count, UInt64(fanout), 0, draws.key.x, draws.key.y, &edges)
      #expect(edges == expected)
    }
    expected = zip(nodes, lists).flatMap { node, list in
      ReferenceSchemes.replacementRanks(
        fanout, of: Int(list.count), entity: UInt64(node), draws: draws
      ).map { list.start + UInt64($0) }
    }
    for kernel in [mrs_pick, mrs_pick_baseline] {
      var edges = [UInt64](repeating: 0, count: expected.count)
      kernel(
        nodes, lists, nodes.count, UInt64(fanout), 1, draws.key.x, draws.key.y, &edges)
      #expect(edges == expected)
    }
  }
}
