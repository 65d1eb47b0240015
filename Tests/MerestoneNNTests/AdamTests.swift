import MerestoneCore
import MerestoneNN
import MerestoneTensor
import Testing

@Suite("Adam")
struct AdamTests {
  func make(
    _ configuration: AdamConfiguration, factor: Float = 0
  ) -> (Workspace, ParameterSet, Adam) {
    let space = Workspace(threads: ThreadPool(threads: 1))
    let set = ParameterSet(
      [
        .init(name: "a", rows: 1, columns: 1, weightDecayFactor: factor),
        .init(name: "b", rows: 1, columns: 1),
      ], in: space)
    set.load([1, 1])
    return (space, set, Adam(configuration, of: set, in: space))
  }

  func setGradients(_ values: [Float], of set: ParameterSet) {
    set.gradients.withMutableSpan { span in
      for index in values.indices { span[index] = values[index] }
    }
  }

  @Test("three steps of one weight follow the paper's formulas")
  func threeSteps() {
    // lr 0.1, b1 0.9, b2 0.999, gradients 1, -2, 0.5 from w = 1:
    // t=1: m=.1,       v=.001,      mhat=1,        vhat=1:        w = 1 - .1            = .9
    // t=2: m=-.11,     v=.004999,   mhat=-.578947, vhat=2.500750: w = .9 + .0366104     = .9366104
    // t=3: m=-.049,    v=.005244,   mhat=-.180812, vhat=1.749751: w = .9366104 + .0136692 = .9502796
    let (_, set, adam) = make(AdamConfiguration(learningRate: 0.1))
    var found: [Float] = []
    for gradient: Float in [1, -2, 0.5] {
      setGradients([4 * gradient, 0], of: set)
      adam.step(gradientScale: 0.25)
      found.append(set.values.elements[0])
    }
    for (found, expected) in zip(found, [0.9, 0.9366104, 0.9502796] as [Float]) {
      #expect(abs(found - expected) < 2e-6)
    }
    #expect(set.values.elements[1] == 1)
  }

  @Test("weight decay acts on chosen parameters, before the moments")
  func weightDecay() {
    let (_, set, adam) = make(AdamConfiguration(learningRate: 0.1, weightDecay: 0.5), factor: 1)
    adam.step(gradientScale: 1)
    // Gradient 0 + 0.5 * 1: the first step moves by the learning rate, whatever the size.
    #expect(abs(set.values.elements[0] - 0.9) < 1e-6)
    #expect(set.values.elements[1] == 1)
    #expect(abs(adam.state.moments[0] - 0.05) < 1e-7)
    #expect(adam.state.moments[1] == 0)
  }

  @Test("continues from a saved state to the bit")
  func resume() throws {
    let options = AdamConfiguration(learningRate: 0.03, weightDecay: 0.01)
    func run(_ adam: Adam, _ set: ParameterSet, _ steps: Range<Int>) {
      for step in steps {
        setGradients([Float(step).squareRoot() - 2, 0.3 * Float(step)], of: set)
        adam.step(gradientScale: 1 / 3)
      }
    }
    let (_, straightSet, straight) = make(options, factor: 1)
    run(straight, straightSet, 0..<20)
    let (_, firstSet, first) = make(options, factor: 1)
    run(first, firstSet, 0..<10)
    let (_, secondSet, second) = make(options, factor: 1)
    secondSet.load(firstSet.values.elements)
    try second.restore(first.state)
    run(second, secondSet, 10..<20)
    #expect(secondSet.values.elements == straightSet.values.elements)
    #expect(second.state == straight.state)
    #expect(throws: ModelError.self) { try second.restore(.init(stepCount: 1, moments: [0])) }
  }
}
