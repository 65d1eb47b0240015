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

  /// Draws the other ends of the edges that a node owns.
  ///
  /// Half of the node's expected degree; the other half are edges that its neighbours own. Draws
  /// are made eight at a time, each step for all of them, so that their cache misses overlap.
  func draw(_ node: Int, into targets: inout OwnedTargets) {
    targets.nodes.removeAll(keepingCapacity: true)
    let degree = law.degree(weightDraws.unit(entity: UInt64(node), number: 0))
    let rounding = weightDraws.unit(entity: UInt64(node), number: 1)
    let wanted = Int(degree / 2 + rounding)
    let limit = UInt32(clamping: 16 * wanted + 64)
    let total = cumulative[parameters.nodes]
    let own = Int(classes[node])
    let lower = cumulative[classStarts[own]]
    let size = cumulative[classStarts[own + 1]] &- lower
    let homophily = UInt64(parameters.homophily * 0x1p32)
    var attempt: UInt32 = 0
    while targets.nodes.count < wanted, attempt < limit {
      while targets.nodes.count < wanted, attempt < limit {
        var places = SIMD8<UInt64>()
        for lane in 0..<8 {
          let words = targetDraws.words(
            entity: UInt64(node), number: attempt &+ UInt32(truncatingIfNeeded: lane))
          let random = UInt64(words.x) | UInt64(words.y) &<< 32
          let isInside = UInt64(words.z) < homophily
          places[lane] =
            (isInside ? lower : 0)
            &+ random.multipliedFullWidth(by: isInside ? size : total).high
        }
        attempt &+= 8
        var positions = SIMD8<UInt32>()
        for lane in 0..<8 { positions[lane] = guide[Int(places[lane] &>> guideShift)] }
        for lane in 0..<8 {
          while cumulative[Int(positions[lane]) &+ 1] <= places[lane] { positions[lane] &+= 1 }
        }
        var others = SIMD8<UInt32>()
        for lane in 0..<8 { others[lane] = members[Int(positions[lane])] }
        for lane in 0..<8 {
          let other = Int(others[lane])
          if other != node, owner(node, other) == node, targets.nodes.count < wanted {
            targets.nodes.append(others[lane])
          }
        }
      }
      targets.nodes.sort()
      targets.nodes.removeRepetitions()
    }
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
