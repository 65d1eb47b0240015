import Foundation

let usage = """
  usage: merestone-benchmark MERESTONE WORKDIR [preprocess|sampling|training|accuracy|products|scale22|scale26 ...]

    MERESTONE  the release build of the merestone program
    WORKDIR    a folder for generated graphs and results, 2 GB; kept between runs

  products, scale22 and scale26 are run only where they are named: 124 million edges with features
  (3 GB of disk), 67 million (2 GB) and 1.07 billion (30 GB).

  Prints a JSON line per figure and a table at the end. `accuracy` needs the real graphs in the
  folder that MERESTONE_DATA names (default: ../shared/data), and is skipped without them.
  """

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count >= 2 else {
  FileHandle.standardError.write(Data((usage + "\n").utf8))
  exit(64)
}
let tool = Tool(executable: arguments[1])
let folder = arguments[2]
let chosen = Set(arguments.dropFirst(2))
func wants(_ name: String) -> Bool { chosen.isEmpty || chosen.contains(name) }

do {
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  var report = Report()
  if wants("preprocess") || wants("sampling") {
    try PreprocessBenchmark(tool: tool, folder: folder).run(&report)
  }
  if wants("sampling") { try SamplingBenchmark(folder: folder).run(&report) }
  if wants("training") { try TrainingBenchmark(tool: tool, folder: folder).run(&report) }
  if chosen.contains("products") {
    try ProductsBenchmark(tool: tool, folder: folder).run(&report)
  }
  for scale in [22, 26] where chosen.contains("scale\(scale)") {
    try ScaleBenchmark(tool: tool, folder: folder, scale: scale).run(&report)
  }
  if wants("accuracy") { try AccuracyBenchmark(tool: tool, folder: folder).run(&report) }
  print(report.table)
} catch {
  FileHandle.standardError.write(Data("merestone-benchmark: \(error)\n".utf8))
  exit(1)
}
