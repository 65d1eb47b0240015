import Glibc
import MerestoneIngest
import MerestonePreprocess
import MerestoneSampling
import MerestoneStorage
import MerestoneTestSupport

/// Reads input after input, noting each one's number first.
struct FuzzChild {
  let target: any FuzzTarget
  let seed: UInt64
  let folder: String

  /// The generator of one input. Two rounds of mixing keep neighbouring numbers apart.
  static func generator(seed: UInt64, input: UInt64) -> SplitMix64 {
    var first = SplitMix64(seed: seed)
    var second = SplitMix64(seed: first.next() ^ input)
    return SplitMix64(seed: second.next())
  }

  /// Reads inputs from `first` on until the time is over.
  func run(from first: UInt64, seconds: Double, note: SharedNote) throws {
    let fixed = target.fixedFiles
    try Folder.write(fixed, to: folder)
    let originals = Dictionary(uniqueKeysWithValues: fixed.map { ($0.path, $0) })
    let clock = ContinuousClock()
    let end = clock.now + .seconds(seconds)
    var number = first
    while clock.now < end {
      note.input = number
      var generator = Self.generator(seed: seed, input: number)
      if try read(target.input(using: &generator), originals, using: &generator) {
        note.accepted += 1
      }
      number += 1
    }
    note.input = number
  }

  /// Reads one input alone.
  func replay(_ number: UInt64) throws {
    let fixed = target.fixedFiles
    try Folder.write(fixed, to: folder)
    var generator = Self.generator(seed: seed, input: number)
    let input = target.input(using: &generator)
    for file in input { print("\(file.path): \(file.bytes.count) bytes") }
    let originals = Dictionary(uniqueKeysWithValues: fixed.map { ($0.path, $0) })
    print(try read(input, originals, using: &generator) ? "accepted" : "refused", separator: "")
  }

  /// - Returns: Whether the reader accepted the input.
  private func read(
    _ input: [FuzzFile], _ originals: [String: FuzzFile], using generator: inout SplitMix64
  ) throws -> Bool {
    for file in input { TestFile.write(file.bytes, to: "\(folder)/\(file.path)") }
    defer {
      for file in input {
        if let original = originals[file.path] {
          TestFile.write(original.bytes, to: "\(folder)/\(file.path)")
        } else {
          unlink("\(folder)/\(file.path)")
        }
      }
    }
    do {
      try target.read(input, in: folder, using: &generator)
      return true
    } catch let error
      where error is IngestError || error is StorageError || error is PreprocessError
      || error is SamplingError
    {
      precondition("\(error)".utf8.count > 20, "an error without words: \(error)")
      return false
    }
  }
}
