import Foundation
import MerestoneTestSupport
import Testing

@testable import MerestoneTraining

@Suite("A checkpoint on disk")
struct CheckpointTests {
  static func sample() -> Checkpoint {
    var state = Checkpoint.State()
    state.epoch = 3
    state.step = 7
    state.totals.loss = 0.1 + 0.2
    state.best = .init(epoch: 2, validation: 0.75, validationLoss: 1 / 3)
    state.metricsBytes = 512
    state.blasCore = "Zen"
    let values = (0..<50).map { Float($0) / 7 - 3 }
    return Checkpoint(
      state: state, weights: values, firstMoments: values.map { -$0 },
      secondMoments: values.map { $0 * $0 }, bestWeights: values.reversed())
  }

  @Test("comes back to the bit")
  func roundTrip() throws {
    let folder = TemporaryFolder()
    let path = folder.file("checkpoint.bin")
    try Self.sample().write(to: path)
    #expect(try Checkpoint.read(from: path) == Self.sample())
  }

  @Test("is refused with any byte flipped or cut off")
  func damage() throws {
    let folder = TemporaryFolder()
    let path = folder.file("checkpoint.bin")
    try Self.sample().write(to: path)
    let intact = try Data(contentsOf: URL(filePath: path))
    for offset in 0..<intact.count {
      var damaged = intact
      damaged[offset] ^= 0x10
      try damaged.write(to: URL(filePath: path))
      #expect(throws: TrainingError.self) { try Checkpoint.read(from: path) }
    }
    for length in stride(from: 0, to: intact.count, by: 13) {
      try intact.prefix(length).write(to: URL(filePath: path))
      #expect(throws: TrainingError.self) { try Checkpoint.read(from: path) }
    }
  }
}
