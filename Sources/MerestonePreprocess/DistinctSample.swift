import Glibc
import MerestoneIngest

/// How many distinct ids a long list will have, told by a piece of it.
struct DistinctSample {
  private(set) var draws = 0
  private var integers: Set<UInt64> = []
  private var strings = StringIndex()

  mutating func add(_ ids: RawIDColumn) {
    draws += ids.count
    switch ids {
    case .integers(let values): integers.formUnion(values)
    case .strings(let values):
      for index in 0..<values.count { _ = strings.intern(values, at: index) }
    }
  }

  var distinct: Int { integers.count + strings.count }

  /// The distinct ids among `total` draws, if each draw takes any of N ids alike.
  ///
  /// Then n draws give N (1 - exp(-n / N)) distinct ids; N is what explains the sample. A sample
  /// without repetitions is taken to have one. Skewed ids come out too few, sorted ones as well.
  func expected(of total: Int) -> Int {
    guard draws > 1, total > draws else { return min(distinct, total) }
    func count(_ n: Double, among ids: Double) -> Double { ids * -expm1(-n / ids) }
    let (n, d) = (Double(draws), Double(min(distinct, draws - 1)))
    // N lies between the ids seen and n^2 / 2, where one repetition is expected.
    var (lower, upper) = (d, n * n)
    for _ in 0..<60 {
      let middle = (lower * upper).squareRoot()
      if count(n, among: middle) < d { lower = middle } else { upper = middle }
    }
    return min(total, Int(count(Double(total), among: upper)))
  }
}
