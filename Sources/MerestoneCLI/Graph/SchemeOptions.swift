import ArgumentParser
import MerestoneCore
import MerestoneSampling

/// Which in-edges `sample` keeps, and by which columns.
struct SchemeOptions: ParsableArguments {
  /// The schemes by the names that the command line has for them.
  enum Scheme: String, CaseIterable, ExpressibleByArgument {
    case uniform, replacement, weighted
    case weightedReplacement = "weighted-replacement"
    case temporal, recent, labor
    case laborStar = "labor-star"
    case top

    var needsWeight: Bool { self == .weighted || self == .weightedReplacement || self == .top }
    var needsTime: Bool { self == .temporal || self == .recent }
  }

  @Option(
    help: ArgumentHelp(
      "Which edges to keep: uniform picks, the same with replacement, in proportion to --weight, "
        + "those not later than the seed's time (picked uniformly, or the most recent), LABOR with "
        + "fixed or optimised probabilities, or those of the largest --weight.",
      valueName: "name"))
  var scheme: Scheme = .uniform

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

  func validate() throws {
    try check(
      weight != nil, scheme.needsWeight, "--weight", "weighted, weighted-replacement or top")
    try check(time != nil, scheme.needsTime, "--time", "temporal or recent")
    try check(seedTimes != nil, scheme.needsTime, "--seed-times", "temporal or recent")
    _ = try parsedTimes()
  }

  private func check(
    _ isGiven: Bool, _ isNeeded: Bool, _ flag: String, _ schemes: String
  ) throws {
    guard isGiven != isNeeded else { return }
    throw ValidationError(
      isNeeded
        ? "--scheme \(scheme.rawValue) needs \(flag)."
        : "\(flag) needs --scheme \(schemes).")
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
  func open(_ topology: Topology) throws(SamplingError) -> NeighborScheme {
    switch scheme {
    case .uniform: .uniform
    case .replacement: .uniformWithReplacement
    case .weighted: .weighted(by: try weights(topology))
    case .weightedReplacement: .weightedWithReplacement(by: try weights(topology))
    case .temporal: .temporal(by: try EdgeColumn(time!, of: topology))
    case .recent: .recent(by: try EdgeColumn(time!, of: topology))
    case .labor: .labor
    case .laborStar: .laborStar
    case .top: .top(by: try EdgeColumn(weight!, of: topology))
    }
  }

  private func weights(_ topology: Topology) throws(SamplingError) -> EdgeWeights {
    try EdgeWeights(weight!, of: topology, memory: ByteCount(0), pool: ThreadPool(threads: 1))
  }
}
