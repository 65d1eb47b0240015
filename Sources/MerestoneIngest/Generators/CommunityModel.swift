import Glibc
import MerestoneCore

/// The nodes of a planted-communities graph and the distribution that edges are drawn from.
struct CommunityModel: Sendable {
  typealias Parameters = CommunitiesGenerator.Parameters

  let parameters: Parameters
  /// The class of every node.
  let classes: [UInt16]
  /// The length `signal` of each class's mean. Shape `[classes, features]`.
  let means: [Float]

  /// Nodes grouped by class, ascending within.
  private let members: [UInt32]
  /// Weights summed up over ``members``, in units of 2^-20. Shape `[nodes + 1]`.
  private let cumulative: [UInt64]
  /// Where each class starts in ``members``. Shape `[classes + 1]`.
  private let classStarts: [Int]
  /// `guide[b]` is the last member that starts at or before weight `b << guideShift`: a draw looks
  /// there first and finds its member after a step or two.
  private let guide: [UInt32]
  private let guideShift: UInt64

  private let labelDraws: RandomDraws
  private let targetDraws: RandomDraws
  private let noiseDraws: RandomDraws
  private let weightDraws: RandomDraws
  private let ownerKey: UInt64
  private let law: DegreeLaw

  init(_ parameters: Parameters, pool: ThreadPool) {
    self.parameters = parameters
    func draws(_ step: Int) -> RandomDraws {
      RandomKey(seed: parameters.seed, stream: .generator, step: step).draws
    }
    labelDraws = draws(GeneratorDraws.nodeLabel)
    targetDraws = draws(GeneratorDraws.edgeTargets)
    noiseDraws = draws(GeneratorDraws.featureNoise)
    weightDraws = draws(GeneratorDraws.nodeWeight)
    ownerKey = draws(GeneratorDraws.edgeOwner).wideWords(entity: 0, number: 0).x
    law = DegreeLaw(mean: parameters.meanDegree, nodes: parameters.nodes)

    let count = parameters.nodes
    let bounds = Self.classBounds(parameters.classes)
    let classDraws = draws(GeneratorDraws.nodeClass)
    var classes = [UInt16](repeating: 0, count: count)
    classes.withSharedBuffer { shared in
      pool.forEachTile(of: count, tile: 1 << 14) { tile in
        shared.withPart(tile) { part in
          for index in part.indices {
            let unit = classDraws.unit(entity: UInt64(tile.lowerBound + index), number: 0)
            part[index] = UInt16(bounds.firstIndex { unit < $0 } ?? bounds.count - 1)
          }
        }
      }
    }
    self.classes = classes

    var starts = [Int](repeating: 0, count: parameters.classes + 1)
    for value in classes { starts[Int(value) + 1] += 1 }
    for index in 1...parameters.classes { starts[index] += starts[index - 1] }
    classStarts = starts
    var members = [UInt32](repeating: 0, count: count)
    var next = starts
    for node in 0..<count {
      let place = next[Int(classes[node])]
      members[place] = UInt32(node)
      next[Int(classes[node])] = place + 1
    }
    self.members = members

    var cumulative = [UInt64](repeating: 0, count: count + 1)
    var total: UInt64 = 0
    for (position, node) in members.enumerated() {
      let weight = law.degree(weightDraws.unit(entity: UInt64(node), number: 0))
      total += UInt64(weight * 0x1p20) + 1
      cumulative[position + 1] = total
    }
    self.cumulative = cumulative
    var shift: UInt64 = 0
    while total >> shift > UInt64(count) { shift += 1 }
    guideShift = shift
    var guide: [UInt32] = []
    guide.reserveCapacity(Int(total >> shift) + 1)
    var position = 0
    for bucket in 0...(total >> shift) {
      while position + 1 < count, cumulative[position + 1] <= bucket << shift { position += 1 }
      guide.append(UInt32(position))
    }
    self.guide = guide
    means = Self.means(parameters, draws(GeneratorDraws.classMeans))
  }

  /// Class k has a share proportional to 1 / sqrt(k + 1): upper bounds of the unit interval's parts.
  private static func classBounds(_ count: Int) -> [Double] {
    let weights = (0..<count).map { 1 / Double($0 + 1).squareRoot() }
    let total = weights.reduce(0, +)
    var sum = 0.0
    return weights.map { weight in
      sum += weight
      return sum / total
    }
  }

  /// Directions at random, all of the length `signal`.
  private static func means(_ parameters: Parameters, _ draws: RandomDraws) -> [Float] {
    let width = parameters.features
    var means: [Float] = []
    means.reserveCapacity(parameters.classes * width)
    for label in 0..<parameters.classes {
      var row: [Double] = []
      for group in 0..<(width + 3) / 4 {
        let normals = draws.normals(entity: UInt64(label), number: UInt32(group))
        for lane in 0..<4 where row.count < width { row.append(Double(normals[lane])) }
      }
      let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
      means += row.map { Float($0 * parameters.signal / max(length, 1e-9)) }
    }
    return means
  }

  /// The label that the node table shows and the split of a node.
  func labelAndSplit(_ node: Int) -> (label: Int, split: Split) {
    let words = labelDraws.words(entity: UInt64(node), number: 0)
    let unit = { (word: UInt32) in Double(word) * 0x1p-32 }
    let label =
      unit(words.x) < parameters.labelNoise
      ? Int(UInt64(words.y) * UInt64(parameters.classes) >> 32) : Int(classes[node])
    let place = unit(words.z)
    let validationEnd = parameters.trainFraction + parameters.validationFraction
    let split: Split =
      place < parameters.trainFraction ? .train : place < validationEnd ? .validation : .test
    return (label, split)
  }

  /// Appends the features of a node.
  func appendFeatures(_ node: Int, to values: inout [UInt32]) {
    let width = parameters.features
    let mean = Int(classes[node]) * width
    var feature = 0
    var group: UInt32 = 0
    while feature < width {
      let normals = noiseDraws.normals(entity: UInt64(node), number: group)
      for lane in 0..<4 where feature < width {
        values.append((means[mean + feature] + normals[lane]).bitPattern.littleEndian)
        feature += 1
      }
      group += 1
    }
  }

  /// The other ends of the edges that a node owns, ascending and distinct.
  ///
  /// Half of the node's expected degree; the other half are edges that its neighbours own.
  /// - Parameter targets: Emptied first.
  func ownedTargets(of node: Int, into targets: inout [UInt32]) {
    targets.removeAll(keepingCapacity: true)
    let degree = law.degree(weightDraws.unit(entity: UInt64(node), number: 0))
    let rounding = weightDraws.unit(entity: UInt64(node), number: 1)
    let wanted = Int(degree / 2 + rounding)
    let limit = UInt32(clamping: 16 * wanted + 64)
    let total = cumulative[parameters.nodes]
    let own = Int(classes[node])
    let lower = cumulative[classStarts[own]]
    let upper = cumulative[classStarts[own + 1]]
    let homophily = UInt64(parameters.homophily * 0x1p32)
    var attempt: UInt32 = 0
    while targets.count < wanted, attempt < limit {
      while targets.count < wanted, attempt < limit {
        let words = targetDraws.words(entity: UInt64(node), number: attempt)
        attempt &+= 1
        let random = UInt64(words.x) | UInt64(words.y) &<< 32
        let place =
          UInt64(words.z) < homophily
          ? lower &+ random.multipliedFullWidth(by: upper &- lower).high
          : random.multipliedFullWidth(by: total).high
        let other = member(at: place)
        if Int(other) != node, owner(node, Int(other)) == node { targets.append(other) }
      }
      targets.sort()
      targets.removeRepetitions()
    }
  }

  /// The member in whose part of the weights `place` falls.
  @inline(__always) private func member(at place: UInt64) -> UInt32 {
    var position = Int(guide[Int(place &>> guideShift)])
    while cumulative[position &+ 1] <= place { position &+= 1 }
    return members[position]
  }

  /// Which of two nodes owns their pair: one bit of a keyed hash of both.
  @inline(__always) private func owner(_ first: Int, _ second: Int) -> Int {
    let low = UInt64(min(first, second))
    let high = UInt64(max(first, second))
    var hash = (low &<< 32 | high) &+ ownerKey
    hash = (hash ^ hash &>> 31) &* 0x7fb5_d329_728e_a185
    hash = (hash ^ hash &>> 27) &* 0x81da_def4_bc2d_d44d
    hash ^= hash &>> 33
    return hash & 1 == 0 ? Int(low) : Int(high)
  }
}

/// A power law for expected degrees: a Pareto distribution with exponent 2.5, cut off above.
private struct DegreeLaw: Sendable {
  private let smallest: Double
  private let tail: Double
  private static let exponent = 1.5

  init(mean: Double, nodes: Int) {
    let a = Self.exponent
    // The largest expected degree: 300 times the mean, but a twentieth of the graph at most.
    let ratio = min(max(min(900, 0.15 * Double(nodes) / max(mean, 1)), 1.5), 900)
    tail = 1 - pow(1 / ratio, a)
    let relative = a / (a - 1) * (1 - pow(1 / ratio, a - 1)) / tail
    smallest = mean / relative
  }

  /// The expected degree at a quantile.
  @inline(__always) func degree(_ quantile: Double) -> Double {
    smallest * pow(1 - quantile * tail, -1 / Self.exponent)
  }
}

extension RandomDraws {
  /// Four standard normal numbers (Box and Muller, "A Note on the Generation of Random Normal
  /// Deviates", Annals of Mathematical Statistics 1958).
  func normals(entity: UInt64, number: UInt32) -> SIMD4<Float> {
    let words = words(entity: entity, number: number)
    let first = Self.normalPair(words.x, words.y)
    let second = Self.normalPair(words.z, words.w)
    return SIMD4(first.0, first.1, second.0, second.1)
  }

  @inline(__always) private static func normalPair(_ a: UInt32, _ b: UInt32) -> (Float, Float) {
    let radius = (-2 * log((Double(a) + 0.5) * 0x1p-32)).squareRoot()
    let angle = 2 * Double.pi * 0x1p-32 * Double(b)
    return (Float(radius * cos(angle)), Float(radius * sin(angle)))
  }
}

extension [UInt32] {
  /// Keeps one of each run of equal elements.
  fileprivate mutating func removeRepetitions() {
    var kept = 0
    for index in indices where index == 0 || self[index] != self[kept - 1] {
      self[kept] = self[index]
      kept += 1
    }
    removeLast(count - kept)
  }
}
