import Foundation
import MerestoneTransport

/// The probe as a supervisor of probes.
enum Parent {
  /// Supervises two workers and prints their messages, one on a line.
  static func superviseAndPrint(arguments: [String]) throws {
    try LocalSupervisor.run(configuration(arguments, workers: 2)) { _, event in
      print(String(decoding: event, as: UTF8.self))
      fflush(nil)
    }
  }

  /// Supervises many short runs, good and bad, and prints how many descriptors, children and
  /// files in /dev/shm there are more than before.
  static func checkHygiene(runs: Int) throws {
    let before = resources()
    for run in 0..<runs {
      let fails = run % 2 == 1
      do throws(TransportError) {
        try LocalSupervisor.run(
          configuration(fails ? ["exit", "1", "3"] : ["barriers", "2"], workers: 2)
        ) { _, _ in }
      } catch {
        guard fails, case .workerDied = error else { throw error }
      }
    }
    let after = resources()
    print(zip(after, before).map { "\($0 - $1)" }.joined(separator: " "))
  }

  private static func resources() -> [Int] {
    func entries(_ path: String, containing part: String = "") -> Int {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
      return names.count { part.isEmpty || $0.contains(part) }
    }
    let children =
      (try? String(contentsOfFile: "/proc/self/task/\(getpid())/children", encoding: .utf8)) ?? ""
    return [
      entries("/proc/self/fd"), children.split(separator: " ").count,
      entries("/dev/shm", containing: "merestone"),
    ]
  }

  private static func configuration(_ arguments: [String], workers: Int) -> LocalConfiguration {
    LocalConfiguration(
      executable: CommandLine.arguments[0], arguments: arguments, workerCount: workers)
  }
}
