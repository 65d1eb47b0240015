import MerestoneCore
import MerestoneTensor
import MerestoneTestSupport

/// `count` numbers in -1...1 that keep away from 0, where relu has no derivative.
func randomElements(_ count: Int, using generator: inout SplitMix64) -> [Float] {
  (0..<count).map { _ in
    let size = Float.random(in: 0.1...1, using: &generator)
    return Bool.random(using: &generator) ? size : -size
  }
}

/// A block with empty rows, repeated sources and edges from a node to itself.
func randomBlock(
  destinations d: Int, sources s: Int, maximumDegree: Int, using generator: inout SplitMix64
) -> Block {
  var indptr = [0]
  var indices: [BlockIndex] = []
  for _ in 0..<d {
    for _ in 0..<Int.random(in: 0...maximumDegree, using: &generator) {
      indices.append(BlockIndex(UInt32.random(in: 0..<UInt32(s), using: &generator)))
    }
    indptr.append(indices.count)
  }
  return Block(
    sources: (0..<s).map { NodeID(UInt64($0) * 7 + 3) }, destinationCount: d, indptr: indptr,
    indices: indices, edges: indices.indices.map { EdgeID(UInt64($0)) })
}

func workspace(threads: Int = 1) -> Workspace { Workspace(threads: ThreadPool(threads: threads)) }
