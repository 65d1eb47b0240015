import FoundationEssentials
import MerestoneCore
import MerestoneStorage

/// Everything that a run needs to go on as if it had never stopped.
///
/// The file, little-endian:
///
/// | offset | size | meaning |
/// |---|---|---|
/// | 0 | 8 | magic `MRSTCKPT` |
/// | 8 | 4 | version |
/// | 12 | 4 | bytes of the state that follows, *h* |
/// | 16 | *h* | ``State`` as JSON |
/// | 16 + *h* | 16 *p* | weights, first moments, second moments, best weights: *p* f32 each |
/// | end - 4 | 4 | CRC-32C of everything before |
package struct Checkpoint: Sendable, Equatable {
  /// The position in the plan and what the epoch has added up so far.
  package struct State: Codable, Sendable, Equatable {
    /// Epochs that are complete.
    package var epoch = 0

    /// Steps of the next epoch that are complete; all of them where the epoch still lacks its
    /// evaluation.
    package var step = 0

    /// Sums over the complete steps of the next epoch.
    package var totals = EpochTotals()

    package var optimizerStep = 0

    /// The mean training loss of the last complete epoch.
    package var lastLoss = 0.0
    package var best: Best?

    /// Evaluations since the best one.
    package var evaluationsSinceBest = 0

    /// Whether the run has ended, by its last epoch or by patience.
    package var isFinished = false

    /// The length of `metrics.jsonl` at this point; resuming cuts it to that.
    package var metricsBytes = 0

    package var blasCore = ""
  }

  /// The best evaluation so far.
  package struct Best: Codable, Sendable, Equatable {
    package var epoch: Int
    package var validation: Double
    package var validationLoss: Double
  }

  package var state: State
  package var weights: [Float]
  package var firstMoments: [Float]
  package var secondMoments: [Float]
  package var bestWeights: [Float]

  package init(
    state: State, weights: [Float], firstMoments: [Float], secondMoments: [Float],
    bestWeights: [Float]
  ) {
    self.state = state
    self.weights = weights
    self.firstMoments = firstMoments
    self.secondMoments = secondMoments
    self.bestWeights = bestWeights
  }
}

/// What one epoch adds up, step by step, in the same order for any number of workers.
package struct EpochTotals: Codable, Sendable, Equatable {
  package var loss = 0.0
  package var correct = 0.0
  package var seeds = 0.0
  package var edges = 0.0

  /// Wall time of the steps, as rank 0 sees it: the one entry that differs from run to run.
  package var seconds = 0.0
}

extension Checkpoint {
  private static let magic: [UInt8] = Array("MRSTCKPT".utf8)
  private static let version: UInt32 = 2

  /// Writes the checkpoint in the place of an earlier one: afterwards the file is either the old
  /// checkpoint or the new one, whenever the machine stops.
  package func write(to path: String) throws(TrainingError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    guard let header = try? encoder.encode(state) else {
      throw .diverged(epoch: state.epoch + 1, step: state.step)
    }
    var bytes = Self.magic
    let groups = [weights, firstMoments, secondMoments, bestWeights]
    bytes.reserveCapacity(20 + header.count + groups.reduce(0) { $0 + $1.count * 4 })
    Self.append(Self.version, to: &bytes)
    Self.append(UInt32(header.count), to: &bytes)
    bytes.append(contentsOf: header)
    for group in groups {
      precondition(group.count == weights.count, "checkpoint parts of different lengths")
      for value in group { Self.append(value.bitPattern, to: &bytes) }
    }
    // SAFETY: an array of bytes has no padding.
    let checksum = unsafe Checksum.of(bytes.span.bytes)
    Self.append(checksum, to: &bytes)
    do throws(StorageError) {
      try unsafe OutputFile.write(bytes.span.bytes, to: path)
    } catch {
      throw .storage(error)
    }
  }

  /// Reads a checkpoint back.
  /// - Throws: ``TrainingError/damagedCheckpoint(path:reason:)`` for anything but an intact file.
  package static func read(from path: String) throws(TrainingError) -> Checkpoint {
    guard let data = try? Data(contentsOf: URL(filePath: path)) else {
      throw .unreadable(path: path)
    }
    let bytes = [UInt8](data)
    guard bytes.count >= 20, Array(bytes[0..<8]) == magic else {
      throw .damagedCheckpoint(path: path, reason: "it does not start as a checkpoint does")
    }
    let found = word(bytes, at: bytes.count - 4)
    // SAFETY: an array of bytes has no padding.
    let expected = unsafe Checksum.of(bytes.span.extracting(0..<bytes.count - 4).bytes)
    guard found == expected else {
      throw .damagedCheckpoint(path: path, reason: "its checksum does not match its content")
    }
    guard word(bytes, at: 8) == version else {
      throw .damagedCheckpoint(
        path: path, reason: "it has version \(word(bytes, at: 8)), this program reads \(version)")
    }
    let headerBytes = Int(word(bytes, at: 12))
    let body = bytes.count - 20 - headerBytes
    guard body >= 0, body % 16 == 0,
      let state = try? JSONDecoder().decode(State.self, from: Data(bytes[16..<16 + headerBytes]))
    else {
      throw .damagedCheckpoint(path: path, reason: "its header does not fit its length")
    }
    let count = body / 16
    func group(_ index: Int) -> [Float] {
      let start = 16 + headerBytes + index * count * 4
      return (0..<count).map { Float(bitPattern: word(bytes, at: start + $0 * 4)) }
    }
    return Checkpoint(
      state: state, weights: group(0), firstMoments: group(1), secondMoments: group(2),
      bestWeights: group(3))
  }

  private static func append(_ word: UInt32, to bytes: inout [UInt8]) {
    for shift in [0, 8, 16, 24] as [UInt32] {
      bytes.append(UInt8(truncatingIfNeeded: word >> shift))
    }
  }

  private static func word(_ bytes: [UInt8], at offset: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << UInt32(8 * $1) }
  }
}
