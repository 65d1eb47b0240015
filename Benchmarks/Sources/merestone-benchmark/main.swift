import Foundation

let usage = """
  usage: merestone-benchmark MERESTONE WORKDIR [SECTION ...]

    MERESTONE  the release build of the merestone program
    WORKDIR    a folder for generated graphs and results, 2 GB; kept between runs

  Sections: preprocess, sampling, schemes, training, accuracy, which are run where none is named, and

    ways22, queries         mini-batches by way of reading, two processes, single queries: 67 million
                            edges (2 GB of disk)
    ways26                  the same of 1.07 billion edges (30 GB)
    lookups, lookups8       ids both ways: 10^7 strings (1 GB), and 10^8 (12 GB)
    relations               mini-batches over several node types and relations: 17 million edges
    products                mini-batches without and with features: 124 million edges (3 GB)
    scale22, scale26        preprocessing of 67 million edges, and of 1.07 billion

  Where MERESTONE_PEERS names the folder that Benchmarks/peers/setup.sh made, ways22 and products
  measure DGL and GraphBolt in the same run (5 minutes each).

  Prints a JSON line per figure and a table at the end. `accuracy` needs the real graphs in the
  folder that MERESTONE_DATA names (default: ../shared/data), and is skipped without them.
  """

let arguments = CommandLine.arguments.dropFirst()
if arguments.first == SamplingWorker.word {
  try SamplingWorker.work(Array(arguments.dropFirst()))
  exit(0)
}
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
  if wants("schemes") { try SchemesBenchmark(tool: tool, folder: folder).run(&report) }
  for scale in [22, 26] where chosen.contains("ways\(scale)") {
    try WaysBenchmark(tool: tool, folder: folder, scale: scale).run(&report)
  }
  if chosen.contains("queries") { try QueryBenchmark(tool: tool, folder: folder).run(&report) }
  for (section, count) in [("lookups", 10_000_000), ("lookups8", 100_000_000)]
  where chosen.contains(section) {
    try LookupBenchmark(tool: tool, folder: folder, count: count).run(&report)
  }
  if wants("training") { try TrainingBenchmark(tool: tool, folder: folder).run(&report) }
  if chosen.contains("relations") {
    try RelationsBenchmark(tool: tool, folder: folder).run(&report)
  }
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
