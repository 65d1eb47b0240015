import ArgumentParser
import MerestoneCore
import MerestoneSampling

/// `--scheme` and the flags that only some schemes use.
struct SchemeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("What to draw: see SCHEMES above. Default: uniform.", valueName: "name"),
    transform: SampleScheme.init(parsing:))
  var scheme: SampleScheme = .uniform

  @Option(
    parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "In-edges kept per node, one number per hop; 'all' keeps every edge. Hop by hop also "
        + "name=n,..., once for each relation to follow.",
      valueName: "n,..."),
    transform: Fanouts.OfRelation.init(parsing:))
  var fanouts: [Fanouts.OfRelation] = []

  @Option(help: ArgumentHelp("Hops whose in-edges are all followed, with ego.", valueName: "n"))
  var hops: Int?

  @Option(
    help: ArgumentHelp(
      "The edge column to weigh by, with weighted, weighted-replacement and top.",
      valueName: "column"))
  var weight: String?

  @Option(
    help: ArgumentHelp(
      "The edge column of whole-number times, with temporal and recent.", valueName: "column"))
  var time: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "As of when each seed is seen, with temporal and recent: one number for all seeds, or one "
        + "per seed.", valueName: "n,..."))
  var seedTimes: String?

  @Option(
    help: ArgumentHelp(
      "How many: neighbours of each seed (pinsage, pagerank, shadow), draws (saint-node, "
        + "saint-edge), roots (saint-walk), shards (cluster), negatives of each edge (negatives: "
        + "1).", valueName: "n"))
  var count: Int?

  @Option(
    help: ArgumentHelp(
      "Walks from each seed. Default: 1, with pinsage 50.", valueName: "n"))
  var walks: Int?

  @Option(help: ArgumentHelp("Steps of a walk. Default with pinsage: 3.", valueName: "n"))
  var length: Int?

  @Option(
    help: ArgumentHelp(
      "Probability of going back to the seed before each step, with walk (0) and pinsage (0.5).",
      valueName: "share"))
  var restart: Double?

  @Option(
    help: ArgumentHelp(
      "Return parameter of node2vec: a step back weighs 1/p. Default: 1.", valueName: "number"))
  var p: Double?

  @Option(
    help: ArgumentHelp(
      "In-out parameter of node2vec: a step away weighs 1/q. Default: 1.", valueName: "number"))
  var q: Double?

  @Option(
    help: ArgumentHelp(
      "Probability that a walk of PageRank ends before each step. Default: 0.15.",
      valueName: "share"))
  var alpha: Double?

  @Option(
    help: ArgumentHelp("Accuracy of PageRank. Default: 0.0001.", valueName: "number"))
  var epsilon: Double?

  @Option(
    help: ArgumentHelp(
      "Node sets that saint-edge and saint-walk estimate coefficients from. Default: 64.",
      valueName: "n"))
  var trials: Int?

  @Option(
    help: ArgumentHelp(
      "Which subgraph to draw (saint-...), or which batch of the epoch (cluster). Default: 0.",
      valueName: "n"))
  var step: Int?

  @Option(help: ArgumentHelp("The epoch of that step. Default: 0.", valueName: "n"))
  var epoch: Int?

  @Option(
    help: ArgumentHelp(
      "Which nodes replace an end, with negatives: uniform (the default), degree (in-degree to "
        + "the power of 0.75) or in-batch (ends of the other edges).", valueName: "name"),
    transform: { try NegativeLaw.named($0) })
  var law: NegativeLaw?

  @Option(
    help: ArgumentHelp(
      "The end that negatives replace: destination (the default) or source.", valueName: "end"),
    transform: { try EdgeEnd.named($0) })
  var replace: EdgeEnd?

  @Flag(help: "Let negatives be edges of the graph, instead of drawing those anew.")
  var keepTrueEdges = false

  @Option(
    help: ArgumentHelp(
      "Which edges count as not there around seed edges: seeds, reverse (the seeds and the edges "
        + "back, the default), between (all between the two ends) or nothing.", valueName: "what"),
    transform: { try SeedEdgeExclusion.named($0) })
  var exclude: SeedEdgeExclusion?

  /// The flags of this group that were given.
  var given: [SampleFlag] {
    let flags: [(SampleFlag, Bool)] = [
      (.fanouts, !fanouts.isEmpty), (.hops, hops != nil), (.weight, weight != nil),
      (.time, time != nil), (.seedTimes, seedTimes != nil), (.count, count != nil),
      (.walks, walks != nil), (.length, length != nil), (.restart, restart != nil),
      (.p, p != nil), (.q, q != nil), (.alpha, alpha != nil), (.epsilon, epsilon != nil),
      (.trials, trials != nil), (.step, step != nil), (.epoch, epoch != nil), (.law, law != nil),
      (.replace, replace != nil), (.keepTrueEdges, keepTrueEdges), (.exclude, exclude != nil),
    ]
    return flags.filter(\.1).map(\.0)
  }

  /// The fanouts of the hops, where they are not given by relation.
  var hopFanouts: [Int] { fanouts.first?.fanouts.values ?? [] }

  /// The fanouts by relation, in the order given; `nil` where they are not given so.
  var relationFanouts: [(name: String, fanouts: [Int])]? {
    guard fanouts.contains(where: { $0.relation != nil }) else { return nil }
    return fanouts.map { ($0.relation ?? "", $0.fanouts.values) }
  }

  func validate() throws {
    _ = try parsedTimes()
    let isNamed = relationFanouts != nil
    if fanouts.count > 1, fanouts.contains(where: { $0.relation == nil }) {
      throw ValidationError(
        "Give --fanouts once, or once for each relation: --fanouts name=10,5 "
          + "--fanouts other=10,5.")
    }
    if isNamed, !scheme.givesBlocks {
      let schemes = SampleScheme.allCases.filter(\.givesBlocks).map(\.rawValue)
      throw ValidationError(
        "--fanouts by relation needs --scheme \(schemes.alternatives); for \(scheme.rawValue) give "
          + "one list.")
    }
    // What names draws or fills memory beforehand has bounds; the samplers check the rest.
    try check("--hops", hops, 0...255)
    try check("--walks", walks, 1...1 << 24)
    try check("--step", step, 0...Int(UInt32.max))
    try check("--epoch", epoch, 0...Int(UInt32.max))
    try check("--count", count, 0...1 << 31)
  }

  private func check(_ flag: String, _ value: Int?, _ allowed: ClosedRange<Int>) throws {
    guard let value, !allowed.contains(value) else { return }
    throw ValidationError(
      "\(flag) \(value): use \(allowed.lowerBound) to \(allowed.upperBound).")
  }

  private func parsedTimes() throws -> [Int64] {
    try (seedTimes ?? "").split(separator: ",").map { word in
      guard let time = Int64(word) else {
        throw ValidationError("'\(word)' in --seed-times is not a whole number.")
      }
      return time
    }
  }

  /// A time for each of `count` seeds; none where the scheme is not temporal.
  func times(of count: Int) throws -> [Int64] {
    let times = try parsedTimes()
    return times.count == 1 ? Array(repeating: times[0], count: count) : times
  }

  /// The scheme with its columns opened; for one mini-batch, so that nothing is prepared.
  /// - Precondition: The scheme gives blocks.
  func open(_ topology: Topology) throws(SamplingError) -> NeighborScheme {
    switch scheme {
    case .replacement: .uniformWithReplacement
    case .weighted: .weighted(by: try weights(topology))
    case .weightedReplacement: .weightedWithReplacement(by: try weights(topology))
    case .temporal: .temporal(by: try order(time!, .times, topology))
    case .recent: .recent(by: try order(time!, .times, topology))
    case .labor: .labor(nil)
    case .laborStar: .laborStar
    case .top: .top(by: try order(weight!, .weights, topology))
    default: .uniform
    }
  }

  private func order(
    _ name: String, _ kind: EdgeOrder.Kind, _ topology: Topology
  ) throws(SamplingError) -> EdgeOrder {
    try EdgeOrder(
      name, kind, of: topology, memory: ByteCount(0), pool: ThreadPool(threads: 1))
  }

  private func weights(_ topology: Topology) throws(SamplingError) -> EdgeWeights {
    try EdgeWeights(weight!, of: topology, memory: ByteCount(0), pool: ThreadPool(threads: 1))
  }
}

/// Finds what a word on the command line stands for.
private func choice<Value>(_ word: String, _ values: KeyValuePairs<String, Value>) throws -> Value {
  if let found = values.first(where: { $0.key == word }) { return found.value }
  throw ValidationError("use \(values.map(\.key).alternatives).")
}

extension NegativeLaw {
  fileprivate static func named(_ word: String) throws -> Self {
    try choice(word, ["uniform": .uniform, "degree": .byDegree, "in-batch": .inBatch])
  }
}

extension EdgeEnd {
  fileprivate static func named(_ word: String) throws -> Self {
    try choice(word, ["source": .source, "destination": .destination])
  }
}

extension SeedEdgeExclusion {
  fileprivate static func named(_ word: String) throws -> Self {
    try choice(
      word,
      [
        "nothing": .nothing, "seeds": .seeds, "reverse": .seedsAndReverse, "between": .betweenEnds,
      ])
  }
}
