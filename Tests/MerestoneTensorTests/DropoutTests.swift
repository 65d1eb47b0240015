import MerestoneCore
import MerestoneTensor
import MerestoneTestSupport
import Testing

@Suite("Dropout")
struct DropoutTests {
  let key = RandomKey(seed: 42, stream: .dropout, epoch: 3, step: 8, slice: 1)

  @Test(
    "agrees with Philox computed one draw at a time",
    arguments: [1, 3, 4, 16, 31, 32, 33, 64, 100], [Float(0), 0.1, 0.5, 0.99])
  func againstReference(columns: Int, rate: Float) {
    let nodes = [NodeID(0), NodeID(17), NodeID(1 << 40 | 5), NodeID(.max)]
    let space = workspace()
    let x = (0..<4 * columns).map { Float($0 + 1) }
    let y = space.dropout(
      space.tensor(rows: 4, columns: columns, x), Dropout(rate: rate, key: key, nodes: nodes))
    let threshold = UInt64((Double(rate) * 0x1p32).rounded())
    for row in 0..<4 {
      for column in 0..<columns {
        let word = key.draws.words(
          entity: nodes[row].rawValue, number: UInt32(column / 4))[column % 4]
        let value = x[row * columns + column] * (1 / (1 - rate))
        #expect(y[row, column] == (UInt64(word) >= threshold ? value : 0))
      }
    }
  }

  @Test("drops the asked share, and each column alike")
  func statistics() {
    let space = workspace(threads: 2)
    let (n, f) = (4000, 32)
    let nodes = (0..<n).map { NodeID(UInt64($0)) }
    let ones = space.tensor(rows: n, columns: f)
    space.fill(ones, with: 1)
    let y = space.dropout(ones, Dropout(rate: 0.3, key: key, nodes: nodes)).elements
    // Binomial: 1,200 of 4,000 dropped per column, standard deviation 29; 5 of them are allowed.
    for column in 0..<f {
      let dropped = (0..<n).count { y[$0 * f + column] == 0 }
      #expect(abs(dropped - 1200) < 145)
    }
    #expect(y.allSatisfy { $0 == 0 || abs($0 - 1 / 0.7) < 1e-6 })
  }

  @Test("of a node is the same wherever its row stands and however rows are cut")
  func placeDoesNotMatter() {
    var generator = SplitMix64(seed: 1)
    let (n, f) = (1500, 24)
    let nodes = (0..<n).map { NodeID(UInt64($0) * 3) }
    let order = Array(0..<n).shuffled(using: &generator)
    let one = workspace(threads: 1)
    let four = workspace(threads: 4)
    let x = randomElements(n * f, using: &generator)
    let straight = one.dropout(
      one.tensor(rows: n, columns: f, x), Dropout(rate: 0.5, key: key, nodes: nodes))
    let shuffled = four.dropout(
      four.tensor(rows: n, columns: f, order.flatMap { x[$0 * f..<($0 + 1) * f] }),
      Dropout(rate: 0.5, key: key, nodes: order.map { nodes[$0] }))
    let expected = straight.elements
    #expect(shuffled.elements == order.flatMap { expected[$0 * f..<($0 + 1) * f] })
  }

  @Test("differs between steps and layers")
  func keysMatter() {
    let space = workspace()
    let ones = space.tensor(rows: 1, columns: 64)
    space.fill(ones, with: 1)
    var masks: [[Float]] = []
    for change in 0..<4 {
      var key = key
      if change == 1 { key.step += 1 }
      if change == 2 { key.hop += 1 }
      if change == 3 { key.slice += 1 }
      masks.append(
        space.dropout(ones, Dropout(rate: 0.5, key: key, nodes: [NodeID(7)])).elements)
    }
    #expect(Set(masks).count == 4)
  }
}
