import MerestoneCore
import MerestoneSampling
import MerestoneStorage
import MerestoneTestSupport

/// Mini-batches of a graph whose files were changed, by every way of reading.
enum SamplingCheck {
  /// Ways that give an answer must give the same one.
  static func sample(_ store: GraphStore, using generator: inout SplitMix64) throws {
    let relation = RelationID(Int.random(in: 0..<store.manifest.relations.count, using: &generator))
    let triple = store.manifest.relations[relation.rawValue]
    let nodes = store.book.nodeCount(of: NodeTypeID(triple.destinationType))
    // Hops after the first start from sources, which have lists where both types are one.
    guard nodes > 0, triple.sourceType == triple.destinationType else { return }
    let seeds = (0..<60).map { _ in
      NodeID(UInt64(Int.random(in: 0..<nodes, using: &generator)))
    }
    let fanouts = [[4, 3], [2], [-1], [0, 5]].randomElement(using: &generator)!
    var expected: (way: Reading, batches: [MiniBatch])?
    var failure: SamplingError?
    for way in Reading.allCases.shuffled(using: &generator) {
      var answer: [MiniBatch]?
      do throws(SamplingError) {
        answer = try sample(store, relation, seeds, fanouts, way)
      } catch {
        failure = error
      }
      guard let answer else { continue }
      if let expected, expected.batches != answer {
        throw Fault(description: "read \(way.rawValue), other than \(expected.way.rawValue)")
      }
      expected = (way, answer)
    }
    if let failure { throw failure }
  }

  private static func sample(
    _ store: GraphStore, _ relation: RelationID, _ seeds: [NodeID], _ fanouts: [Int],
    _ way: Reading
  ) throws(SamplingError) -> [MiniBatch] {
    let topology = try Topology.open(
      store, relation: relation, memory: ByteCount(64 << 20), way: way, pool: Pools.one)
    let stream = try BatchStream(topology: topology, fanouts: fanouts, count: 3, threads: 2) {
      BatchRequest(
        seeds: Array(seeds[20 * $0..<20 * $0 + 20]),
        key: RandomKey(seed: 5, stream: .neighborSampling, step: $0))
    }
    var batches: [MiniBatch] = []
    while let batch = try stream.next() { batches.append(batch) }
    return batches
  }
}
