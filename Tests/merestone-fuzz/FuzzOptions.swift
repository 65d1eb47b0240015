/// What the command line says.
struct FuzzOptions {
  /// For each target.
  var seconds = 10.0
  var seed: UInt64 = 1
  /// The number of the first input.
  var first: UInt64 = 0
  var inputs: String?
  var graphs: String?
  var runs: String?
  var findings = "fuzz-findings"
  /// Bytes that a child may allocate, so that a forged size shows.
  var memoryLimit = 1 << 30
  var targets: [String] = []
  /// Read this one input in this process.
  var replay: UInt64?
  /// Be a child, and start with this input.
  var child: UInt64?
  var folder = ""
  /// Make interrupted runs here and end.
  var runsToMake: String?

  static let usage = """
    usage: merestone-fuzz [--seconds N] [--seed S] [--first N] [--inputs FOLDER] [--graphs FOLDER]
                          [--runs FOLDER] [--findings FOLDER] [--memory-limit BYTES]
                          [--replay INPUT] [TARGET ...]
           merestone-fuzz --make-runs FOLDER

    Feeds changed inputs to each reader for N seconds, in child processes whose memory is limited,
    and prints one line of JSON for each reader. An input that ends a child by a signal, a hang or
    a wrong answer is written to the folder of findings; --replay reads it again. Exit 1 with
    findings. --make-runs makes interrupted runs of preprocess, for --runs.
    """

  init(_ arguments: [String]) throws {
    var rest = arguments[...]
    while let word = rest.popFirst() {
      guard word.hasPrefix("--") else {
        targets.append(word)
        continue
      }
      guard let value = rest.popFirst() else { throw Fault(description: Self.usage) }
      switch word {
      case "--seconds": seconds = try Self.parse(value, Double.init)
      case "--seed": seed = try Self.parse(value, UInt64.init)
      case "--first": first = try Self.parse(value, UInt64.init)
      case "--inputs": inputs = value
      case "--graphs": graphs = value
      case "--runs": runs = value
      case "--make-runs": runsToMake = value
      case "--findings": findings = value
      case "--memory-limit": memoryLimit = try Self.parse(value, Int.init)
      case "--replay": replay = try Self.parse(value, UInt64.init)
      case "--child": child = try Self.parse(value, UInt64.init)
      case "--folder": folder = value
      default: throw Fault(description: Self.usage)
      }
    }
  }

  private static func parse<T>(_ text: String, _ convert: (String) -> T?) throws -> T {
    guard let value = convert(text) else { throw Fault(description: usage) }
    return value
  }
}
