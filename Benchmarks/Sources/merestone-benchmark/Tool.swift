import Foundation

/// Runs the `merestone` program as a user would, and measures the whole process.
struct Tool {
  let executable: String

  struct Outcome {
    var seconds: Double
    /// The largest resident size of a single process, shared pages counted in full.
    var peakBytes: Int
    var output: String
  }

  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  func run(_ arguments: [String]) throws -> Outcome {
    let outputPath = NSTemporaryDirectory() + "/merestone-benchmark-\(getpid()).out"
    defer { unlink(outputPath) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 1, outputPath, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    let words = [executable] + arguments
    var argv = words.map { strdup($0) } + [nil]
    defer { for word in argv { free(word) } }
    let start = DispatchTime.now()
    var process = pid_t()
    guard posix_spawn(&process, executable, &actions, nil, &argv, environ) == 0 else {
      throw Failure(description: "cannot start \(executable); build it first")
    }
    var status: Int32 = 0
    var usage = rusage()
    guard wait4(process, &status, 0, &usage) == process else {
      throw Failure(description: "lost \(words.joined(separator: " "))")
    }
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) * 1e-9
    let output = (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? ""
    guard status == 0 else {
      throw Failure(
        description: "failed with status \(status >> 8): \(words.joined(separator: " "))")
    }
    return Outcome(seconds: seconds, peakBytes: usage.ru_maxrss * 1024, output: output)
  }

  /// A key of the JSON object that the command printed.
  static func number(_ key: String, in json: String) throws -> Double {
    let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
    guard let value = object?[key] as? NSNumber else {
      throw Failure(description: "no number '\(key)' in \(json.prefix(200))")
    }
    return value.doubleValue
  }
}
