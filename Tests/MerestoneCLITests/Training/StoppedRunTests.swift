import Foundation
import MerestoneTestSupport
import Testing

@Suite("A training run that is stopped", .serialized)
struct StoppedRunTests {
  private static let folder = TemporaryFolder()

  /// A graph on which an epoch has 25 steps.
  static let graph: String = {
    let raw = folder.file("raw")
    let path = folder.file("graph")
    let made = merestone(
      "generate", "communities", "--nodes", "1000", "--mean-degree", "6", "--features", "8",
      "--classes", "3", "--out", raw, "--quiet")
    precondition(made.status == 0, made.notes)
    let stored = merestone(
      "preprocess", raw, "--out", path, "--undirected", "--shards", "2", "--quiet")
    precondition(stored.status == 0, stored.notes)
    return path
  }()

  static let flags = [
    "--slices", "4", "--hidden", "8", "--fanouts", "4,3", "--batch-size", "12", "--epochs", "6",
    "--threads", "2", "--checkpoint-every", "3", "--quiet",
  ]

  /// What has to be the same however a run went.
  struct Trace: Equatable {
    var metrics: [[String: Double]]
    var report: [String: Double]

    init(_ run: String) throws {
      let text = try String(contentsOfFile: run + "/metrics.jsonl", encoding: .utf8)
      metrics = try text.split(separator: "\n").map { line in
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        let keys = ["epoch", "loss", "trainAccuracy", "validation", "validationLoss"]
        return Dictionary(
          uniqueKeysWithValues: keys.map { ($0, (object?[$0] as? Double) ?? .infinity) })
      }
      let report = try JSONSerialization.jsonObject(
        with: Data(contentsOf: URL(filePath: run + "/report.json")))
      self.report = (report as? [String: Any] ?? [:]).compactMapValues { $0 as? Double }
    }
  }

  private static let undisturbed = Result { () throws -> Trace in
    let run = folder.file("undisturbed")
    let ending = try TrainingProgram.run(["train", graph, "--out", run] + flags)
    precondition(ending.status == 0, ending.notes)
    return try Trace(run)
  }

  private static func lines(_ run: String) -> Int {
    TestFile.read(run + "/metrics.jsonl").count { $0 == UInt8(ascii: "\n") }
  }

  /// Starts a run with two workers and waits until it is in the middle of its second epoch or
  /// later.
  private func startedRun(_ run: String) throws -> (program: TrainingProgram, workers: [Int32]) {
    let program = try TrainingProgram(
      ["train", Self.graph, "--out", run, "--workers", "2"] + Self.flags)
    let begun = TrainingProgram.wait {
      FileManager.default.fileExists(atPath: run + "/metrics.jsonl") && Self.lines(run) > 0
    }
    #expect(begun, "no epoch within the time")
    return (program, program.workers)
  }

  private func expectNothingLeft(of workers: [Int32], _ run: String) {
    #expect(TrainingProgram.wait(seconds: 2) { workers.allSatisfy(TrainingProgram.isDead) })
    // What shares memory between workers has no name.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: run)) ?? []
    let known = [".lock", "run.json", "metrics.jsonl", "checkpoint.bin", "report.json"]
    #expect(names.filter { !known.contains($0) && !$0.hasSuffix(".partial") } == [])
  }

  /// Resumes with `workers` and compares with the undisturbed run.
  private func expectSameAfterResume(
    _ run: String, workers: Int, memory: String = "1GiB"
  ) throws {
    let resumed = try TrainingProgram.run(
      "train", Self.graph, "--out", run, "--resume", "--workers", "\(workers)", "--memory", memory,
      "--quiet")
    #expect(resumed.status == 0, "\(resumed.notes)")
    let trace = try Trace(run)
    #expect(try trace == Self.undisturbed.get())
    #expect(trace.metrics.map { $0["epoch"] } == [1, 2, 3, 4, 5, 6])
  }

  @Test("one, two and four workers, any threads and any way of reading train alike to the bit")
  func sameBits() throws {
    let folder = TemporaryFolder()
    let variants = [
      ["--workers", "2"], ["--workers", "4", "--threads", "3"],
      ["--workers", "2", "--memory", "64KiB"], ["--threads", "1", "--memory", "64KiB"],
    ]
    for (number, flags) in variants.enumerated() {
      let run = folder.file("run\(number)")
      let ending = try TrainingProgram.run(
        ["train", Self.graph, "--out", run] + Self.flags + flags)
      #expect(ending.status == 0, "\(ending.notes)")
      #expect(try Trace(run) == Self.undisturbed.get(), "\(flags)")
    }
  }

  @Test("by the death of a worker says which, ends at once, and goes on", arguments: [0, 1])
  func workerKilled(rank: Int) throws {
    let folder = TemporaryFolder()
    let run = folder.file("run")
    let (program, workers) = try startedRun(run)
    try #require(workers.count == 2)
    kill(workers[rank], SIGKILL)
    #expect(TrainingProgram.wait(seconds: 5) { !program.isRunning })
    let ending = program.wait()
    #expect(ending.status == 1 && !ending.wasKilled)
    #expect(
      ending.notes.contains("worker \(rank) (process \(workers[rank])) was killed by signal 9"),
      "\(ending.notes)")
    #expect(ending.notes.contains("--resume"))
    expectNothingLeft(of: workers, run)
    // Mini-batches are made one by one at first, and in groups then.
    try expectSameAfterResume(
      run, workers: rank == 0 ? 4 : 1, memory: rank == 0 ? "1GiB" : "64KiB")
  }

  @Test("by the death of its parent leaves no worker behind and goes on")
  func parentKilled() throws {
    let folder = TemporaryFolder()
    let run = folder.file("run")
    let (program, workers) = try startedRun(run)
    program.signal(SIGKILL)
    #expect(program.wait().wasKilled)
    expectNothingLeft(of: workers, run)
    try expectSameAfterResume(run, workers: 2)
  }

  @Test("by an interrupt exits with 130 and goes on", arguments: [SIGINT, SIGTERM])
  func interrupted(signal: Int32) throws {
    let folder = TemporaryFolder()
    let run = folder.file("run")
    let (program, workers) = try startedRun(run)
    // Ctrl-C reaches the workers too.
    program.signal(signal)
    if signal == SIGINT { for worker in workers { kill(worker, SIGINT) } }
    let ending = program.wait()
    #expect(ending.status == 130 && !ending.wasKilled, "\(ending.notes)")
    #expect(ending.notes.contains("`merestone train \(Self.graph) --out \(run) --resume`"))
    expectNothingLeft(of: workers, run)
    try expectSameAfterResume(run, workers: 2)
  }

  @Test("by an interrupt stops at once where an epoch has one step and no evaluation")
  func interruptedOneStep() throws {
    let folder = TemporaryFolder()
    let run = folder.file("run")
    let flags = [
      "--hidden", "8", "--batch-size", "1000", "--epochs", "100000", "--evaluate-every", "100000",
      "--workers", "2", "--quiet",
    ]
    let program = try TrainingProgram(["train", Self.graph, "--out", run] + flags)
    #expect(
      TrainingProgram.wait {
        FileManager.default.fileExists(atPath: run + "/metrics.jsonl") && Self.lines(run) > 0
      })
    program.signal(SIGINT)
    #expect(TrainingProgram.wait(seconds: 5) { !program.isRunning })
    #expect(program.wait().status == 130)
  }

  @Test("by a damaged store names the file and the byte", arguments: ["1", "2"])
  func damagedStore(workers: String) throws {
    let folder = TemporaryFolder()
    let files = [("edges/r0000.csc", "CRC-32C"), ("nodes/t0000.c00.npy", "CRC-32C")]
    for (number, (file, text)) in files.enumerated() {
      let graph = folder.file("graph\(number)")
      try FileManager.default.copyItem(atPath: Self.graph, toPath: graph)
      let path = graph + "/shard-00001/" + file
      TestFile.flip(path, byte: TestFile.read(path).count - 40, bit: 3)
      for memory in ["1GiB", "64KiB"] {
        let ending = try TrainingProgram.run(
          ["train", graph, "--out", folder.file("run\(number)-\(memory)")] + Self.flags
            + ["--workers", workers, "--memory", memory])
        #expect(ending.status == 65, "\(ending.notes)")
        #expect(ending.notes.contains(path) && ending.notes.contains(text), "\(ending.notes)")
        #expect(ending.notes.contains("bytes "), "\(ending.notes)")
      }
    }
  }

  @Test("at its end is the same when it is resumed, from another place of run and graph too")
  func resumedFinished() throws {
    let folder = TemporaryFolder()
    let run = folder.file("run")
    let graph = folder.file("graph")
    try FileManager.default.copyItem(atPath: Self.graph, toPath: graph)
    #expect(try TrainingProgram.run(["train", graph, "--out", run] + Self.flags).status == 0)
    let trace = try Trace(run)
    #expect(try trace == Self.undisturbed.get())

    let moved = folder.file("moved")
    try FileManager.default.moveItem(atPath: graph, toPath: moved)
    let lost = merestone("evaluate", run)
    #expect(lost.status == 65)
    #expect(lost.notes.contains(graph) && lost.notes.contains("--resume"), "\(lost.notes)")
    let resumed = merestone("train", moved, "--out", run, "--resume", "--quiet")
    #expect(resumed.status == 0, "\(resumed.notes)")
    #expect(try Trace(run) == trace)
    #expect(merestone("evaluate", run).status == 0)
  }
}
