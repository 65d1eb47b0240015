import Foundation
import MerestoneCore
import MerestoneTestSupport
import Testing

@Suite("merestone train, evaluate and predict")
struct TrainCommandTests {
  private static let environment = ["MERESTONE_WORKER_EXECUTABLE": TrainingProgram.path]

  private static let flags = [
    "--hidden", "8", "--fanouts", "3,2", "--batch-size", "4", "--epochs", "4", "--threads", "1",
    "--memory", "64MiB",
  ]

  private func train(_ arguments: [String]) -> CommandLineRun {
    merestone(["train", TinyGraph.club] + arguments, environment: Self.environment)
  }

  @Test("help pages are as they were looked at")
  func help() throws {
    for name in ["train", "evaluate", "predict"] {
      try expectSnapshot("help-\(name)", merestone(name, "--help").output)
    }
    #expect(!merestone().output.contains("worker  "))
  }

  @Test("a run ends with what to do next, a line per epoch, and the documented metrics")
  func run() throws {
    let folder = TemporaryFolder()
    let run = train(["--out", folder.file("run")] + Self.flags)
    #expect(run.status == 0, "\(run.notes)")
    #expect(run.output.contains("merestone evaluate \(folder.file("run"))"))
    for epoch in 1...4 { #expect(run.notes.contains(" \(epoch)/4 ")) }
    let metrics = String(decoding: TestFile.read(folder.file("run/metrics.jsonl")), as: UTF8.self)
    let lines = metrics.split(separator: "\n")
    #expect(lines.count == 4)
    for line in lines {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      for key in ["epoch", "loss", "validation", "validationLoss", "seconds", "edgesPerSecond"] {
        #expect(object?[key] is NSNumber, "\(key)")
      }
    }

    let evaluation = merestone("evaluate", folder.file("run"), "--json")
    #expect(evaluation.status == 0, "\(evaluation.notes)")
    let object =
      try JSONSerialization.jsonObject(with: Data(evaluation.output.utf8)) as? [String: Any]
    #expect(object?["split"] as? String == "test")
    #expect(object?["count"] as? Int == 3)
    let accuracy = try #require(object?["accuracy"] as? Double)
    #expect((0...1).contains(accuracy))

    let predictions = folder.file("predictions.tsv")
    #expect(merestone("predict", folder.file("run"), "--out", predictions, "--quiet").status == 0)
    let rows = String(decoding: TestFile.read(predictions), as: UTF8.self).split(separator: "\n")
    #expect(rows.count == 1 + 10)
    #expect(rows[0].hasPrefix("# columns: id\tprediction\t"))
    let ids = rows.dropFirst().compactMap { Int($0.split(separator: "\t")[0]) }.sorted()
    #expect(ids == [3, 7, 12, 15, 20, 31, 44, 58, 90, 91])
  }

  @Test("every model trains with the flags of the papers", arguments: ["gcn", "mlp", "sage"])
  func models(model: String) throws {
    let folder = TemporaryFolder()
    let run = train([
      "--out", folder.file("run"), "--model", model, "--layers", "2", "--hidden", "4",
      "--fanouts", "all,all", "--dropout", "0.5", "--learning-rate", "0.01",
      "--weight-decay", "5e-4", "--weight-decay-layers", "first", "--normalize-features", "row",
      "--epochs", "3", "--patience", "2", "--batch-size", "64", "--checkpoint-every", "1",
      "--quiet", "--json",
    ])
    #expect(run.status == 0, "\(run.notes)")
    let record = try JSONSerialization.jsonObject(
      with: Data(TestFile.read(folder.file("run/run.json"))))
    let options = try #require((record as? [String: Any])?["options"] as? [String: Any])
    #expect(options["model"] as? String == model)
    #expect(options["fanouts"] as? [Int] == [-1, -1])
    #expect(options["patience"] as? Int == 2)
    #expect(options["weightDecay"] as? Double == 5e-4)
    #expect(options["weightDecayLayers"] as? String == "first")
    #expect(options["normalizeFeatures"] as? String == "row")
    #expect(options["checkpointEvery"] as? Int == 1)
  }

  @Test("one and two workers give the same weights to the bit, for the same slices")
  func workers() throws {
    let folder = TemporaryFolder()
    let checksums = try ["1", "2"].map { workers in
      let run = train(
        ["--out", folder.file("run\(workers)"), "--workers", workers, "--slices", "2", "--json"]
          + Self.flags)
      #expect(run.status == 0, "\(run.notes)")
      let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
      return try #require(object?["weightsChecksum"] as? String)
    }
    #expect(checksums[0] == checksums[1])
  }

  @Test("--repeats trains with consecutive seeds and tells mean and deviation")
  func repeats() throws {
    let folder = TemporaryFolder()
    let run = train(
      ["--out", folder.file("runs"), "--repeats", "2", "--seed", "5", "--json", "--quiet"]
        + Self.flags)
    #expect(run.status == 0, "\(run.notes)")
    let object = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
    let runs = try #require(object?["runs"] as? [[String: Any]])
    #expect(runs.compactMap { $0["seed"] as? Int } == [5, 6])
    let accuracies = runs.compactMap { $0["accuracy"] as? Double }
    #expect(object?["mean"] as? Double == (accuracies[0] + accuracies[1]) / 2)
    #expect(FileManager.default.fileExists(atPath: folder.file("runs/repeat-02/run.json")))
  }

  @Test("an interrupted run exits with 130, says how to go on, and goes on to the same weights")
  func interrupted() throws {
    let folder = TemporaryFolder()
    let flags = ["--quiet", "--json"] + Self.flags
    let whole = train(["--out", folder.file("whole")] + flags)
    let cancellation = Cancellation()
    cancellation.cancel()
    let path = folder.file("cut")
    let cut = merestone(
      ["train", TinyGraph.club, "--out", path] + flags, environment: Self.environment,
      cancellation: cancellation)
    #expect(cut.status == 130)
    #expect(cut.notes.contains("`merestone train \(TinyGraph.club) --out \(path) --resume`"))
    let resumed = train(["--out", path, "--resume", "--quiet", "--json"])
    #expect(resumed.status == 0, "\(resumed.notes)")
    #expect(
      resumed.output.replacing(path, with: "RUN")
        == whole.output.replacing(folder.file("whole"), with: "RUN"))
  }

  @Test("wrong usage exits with 64 and leaves no run directory")
  func badUsage() {
    let folder = TemporaryFolder()
    let path = folder.file("run")
    let cases: [(String, [String])] = [
      ("power of two", ["--slices", "3"]),
      ("divide", ["--workers", "3", "--slices", "2"]),
      ("fanout", ["--fanouts", "5", "--layers", "2"]),
      ("not a fanout", ["--fanouts", "5,b"]),
      ("no node column 'colour'", ["--label-column", "colour"]),
      ("run.json", ["--resume"]),
      ("exclude each other", ["--resume", "--repeats", "2"]),
      ("--dropout", ["--dropout", "1"]),
      ("1 to 1,024 worker processes", ["--workers", "0"]),
      ("1 to 1,024 worker processes", ["--workers", "\(Int.max)"]),
      ("1 to 65,536 slices", ["--slices", "\(Int.max)"]),
      ("--batch-size", ["--batch-size", "\(Int.max)"]),
      ("--hidden", ["--hidden", "\(Int.max)"]),
      ("--layers", ["--layers", "100", "--model", "mlp"]),
      ("--weight-decay", ["--weight-decay", "inf"]),
      ("does not hold labels", ["--label-column", "features"]),
      ("does not hold a split", ["--split-column", "features"]),
    ]
    for (text, flags) in cases {
      let run = train(["--out", path] + flags)
      #expect(run.status == 64, "\(flags): \(run.notes)")
      #expect(run.notes.contains(text), "\(flags): \(run.notes)")
      #expect(folder.names.isEmpty, "\(flags)")
    }
    #expect(merestone("train", "/nonexistent", "--out", path).status == 65)
    #expect(merestone("evaluate", "/nonexistent").status == 64)
    #expect(merestone("predict", "/nonexistent", "--out", folder.file("p")).status == 64)
    #expect(folder.names.isEmpty)
  }

  @Test("a run that exists is refused, and another graph is refused on resume")
  func existing() {
    let folder = TemporaryFolder()
    let path = folder.file("run")
    #expect(train(["--out", path, "--quiet"] + Self.flags).status == 0)
    let again = train(["--out", path, "--quiet"] + Self.flags)
    #expect(again.status == 64)
    #expect(again.notes.contains("--resume"))
    let changed = train(["--out", path, "--resume", "--dropout", "0.25"])
    #expect(changed.status == 64)
    #expect(changed.notes.contains("--dropout was 0.5 when the run began and is 0.25 now"))
    let other = merestone("train", TinyGraph.trips, "--out", path, "--resume")
    #expect(other.status == 64)
    #expect(other.notes.contains("was trained on \(TinyGraph.club)"))
  }

  @Test("epochs without an evaluation have null for its figures, and a loss that grows is reported")
  func metrics() throws {
    let folder = TemporaryFolder()
    let run = train(["--out", folder.file("run"), "--evaluate-every", "2", "-q"] + Self.flags)
    #expect(run.status == 0, "\(run.notes)")
    let text = String(decoding: TestFile.read(folder.file("run/metrics.jsonl")), as: UTF8.self)
    for (number, line) in text.split(separator: "\n").enumerated() {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      #expect((object?["validation"] is NSNull) == (number % 2 == 0))
      #expect((object?["validationLoss"] is NSNull) == (number % 2 == 0))
    }
    let diverged = train(
      ["--out", folder.file("diverged"), "--learning-rate", "1e38", "-q"] + Self.flags)
    #expect(diverged.status == 1)
    #expect(diverged.notes.contains("lower --learning-rate"), "\(diverged.notes)")
  }

  @Test("a worker that is started by hand says what to do instead")
  func workerByHand() {
    let run = merestone("worker", "run")
    #expect(run.status == 1)
    #expect(run.notes.contains("merestone train"))
  }
}
