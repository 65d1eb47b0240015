import Foundation
import Glibc
import MerestoneCore
import MerestonePreprocess
import MerestoneStorage
import MerestoneTestSupport

/// Runs of `preprocess` that go on where another was interrupted, with one file of what it left
/// behind changed: the journal, a file that it names, or a part of the graph.
///
/// A run may refuse that, or make the graph that an undisturbed run makes. Only where a finished
/// part of the graph was changed may the graph differ, and then `verify` has to find it.
struct JournalTarget: FuzzTarget {
  let name: String
  let runs: [InterruptedRun]
  /// Which files are changed.
  let changes: @Sendable (_ path: String) -> Bool

  init(
    name: String, runs: [InterruptedRun], changing changes: @escaping @Sendable (String) -> Bool
  ) {
    self.name = name
    self.runs = runs.filter { $0.files.contains { changes($0.path) } }
    self.changes = changes
  }

  private static func folder(_ run: InterruptedRun) -> String {
    "\(run.scenario.name)/\(run.stage)"
  }

  var fixedFiles: [FuzzFile] {
    runs.flatMap { run in
      run.files.map { FuzzFile(path: "\(Self.folder(run))/\($0.path)", bytes: $0.bytes) }
    }
  }

  func input(using generator: inout SplitMix64) -> [FuzzFile] {
    let run = runs.randomElement(using: &generator)!
    let candidates = run.files.filter { changes($0.path) }
    var file = candidates.randomElement(using: &generator)!
    Mutator.mutate(&file.bytes, others: candidates.map(\.bytes), using: &generator)
    return [FuzzFile(path: "\(Self.folder(run))/\(file.path)", bytes: file.bytes)]
  }

  func read(_ input: [FuzzFile], in folder: String, using generator: inout SplitMix64) throws {
    let path = input[0].path
    guard let run = runs.first(where: { path.hasPrefix(Self.folder($0) + "/") }) else {
      throw Fault(description: "a file of no run: \(path)")
    }
    let work = folder + "/work"
    try? FileManager.default.removeItem(atPath: work)
    try FileManager.default.copyItem(atPath: "\(folder)/\(Self.folder(run))", toPath: work)
    try run.scenario.prepare(in: work, isBegun: true)
    guard chdir(work) == 0 else { throw Fault(description: "no folder \(work)") }
    var options = run.scenario.options
    options.threads = Int.random(in: 1...2, using: &generator)
    options.resumes = true
    do {
      _ = try Preprocess(options).run()
    } catch {
      // What was refused must not be in the way of a run that begins anew.
      if Int.random(in: 0..<16, using: &generator) == 0 {
        options.resumes = false
        _ = try Preprocess(options).run()
        guard try RunScenario.graph(in: work) == run.whole else {
          throw Fault(description: "a run that began anew made another graph")
        }
      }
      throw error
    }
    guard try RunScenario.graph(in: work) != run.whole else { return }
    guard path.contains("/graph.partial/") else {
      throw Fault(description: "the graph is another one than without an interruption")
    }
    if try Verification.run(work + "/graph", pool: Pools.one).isEmpty {
      throw Fault(description: "the graph is another one, and verification finds nothing")
    }
  }
}
