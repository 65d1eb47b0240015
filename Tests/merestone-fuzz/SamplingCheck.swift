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
    let columns = triple.columns.filter { $0.width == 1 && $0.categories == nil }
    let column = columns.randomElement(using: &generator)?.name
    let law = Int.random(in: 0..<4, using: &generator)
    var expected: (way: Reading, batches: [MiniBatch])?
    var failure: SamplingError?
    for way in Reading.allCases.shuffled(using: &generator) {
      var answer: [MiniBatch]?
      do throws(SamplingError) {
        answer = try sample(
          store, relation, seeds, fanouts, way, isTemporal: column != nil && law > 1
        ) { (topology) throws(SamplingError) in
          guard let column, law > 0 else { return .uniform }
          return try scheme(law, column, topology)
        }
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

  /// A scheme by a column, which is read from its files: weights, or times.
  private static func scheme(
    _ law: Int, _ column: String, _ topology: Topology
  ) throws(SamplingError) -> NeighborScheme {
    let none = ByteCount(0)
    if law == 1 {
      return .weighted(by: try EdgeWeights(column, of: topology, memory: none, pool: Pools.one))
    }
    let order = try EdgeOrder(column, .times, of: topology, memory: none, pool: Pools.one)
    return law == 2 ? .temporal(by: order) : .recent(by: order)
  }

  private static func sample(
    _ store: GraphStore, _ relation: RelationID, _ seeds: [NodeID], _ fanouts: [Int],
    _ way: Reading, isTemporal: Bool,
    _ makeScheme: (Topology) throws(SamplingError) -> NeighborScheme
  ) throws(SamplingError) -> [MiniBatch] {
    let topology = try Topology.open(
      store, relation: relation, memory: ByteCount(64 << 20), way: way, pool: Pools.one)
    let stream = try BatchStream(
      topology: topology, fanouts: fanouts, scheme: try makeScheme(topology), count: 3, threads: 2
    ) { step in
      BatchRequest(
        seeds: Array(seeds[20 * step..<20 * step + 20]),
        times: isTemporal ? (0..<20).map { 1_700_000_000 + $0 * 300 } : [],
        key: RandomKey(seed: 5, stream: .neighborSampling, step: step))
    }
    var batches: [MiniBatch] = []
    while let batch = try stream.next() { batches.append(batch) }
    return batches
  }
}
