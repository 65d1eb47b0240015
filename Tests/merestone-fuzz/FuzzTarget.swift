import MerestoneCore
import MerestoneTestSupport

/// A reader under test: what it is given, and how it reads.
///
/// A changed input is a function of the generator alone, so that a number names it for ever.
protocol FuzzTarget: Sendable {
  var name: String { get }

  /// The files that stay as they are, written once before the first input.
  var fixedFiles: [FuzzFile] { get }

  /// The next input: files that are new or take the place of fixed ones.
  func input(using generator: inout SplitMix64) -> [FuzzFile]

  /// Reads an input in `folder` to its end. Errors of the readers are the expected outcome; a trap,
  /// a hang, an error of another kind and ``Fault`` are findings.
  func read(_ input: [FuzzFile], in folder: String, using generator: inout SplitMix64) throws
}

extension FuzzTarget {
  var fixedFiles: [FuzzFile] { [] }
}

/// One file of an input, by its path in the folder of the input.
struct FuzzFile: Sendable, Equatable {
  var path: String
  var bytes: [UInt8]
}

/// A reader that gave a wrong answer instead of an error.
struct Fault: Error, CustomStringConvertible {
  var description: String
}

/// The pools that all readers share: one of the caller's thread alone, and one of two threads.
enum Pools {
  static let one = ThreadPool(threads: 1)
  static let two = ThreadPool(threads: 2)
}
