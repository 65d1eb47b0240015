import Foundation
import Merestone

/// Times what benchmarks do again and again.
enum Stopwatch {
  static func seconds(since start: DispatchTime) -> Double {
    Double(DispatchTime.now().uptimeNanoseconds - start.uptimeNanoseconds) * 1e-9
  }

  /// Million sampled edges a second in each of `runs` runs.
  ///
  /// - Parameter warmsUp: Whether a run that is not counted comes first.
  static func samplingRates(
    _ sampler: Sampler, nodes: Int, times: Int64? = nil, batches count: Int, runs: Int,
    threads: Int, warmsUp: Bool = true
  ) throws -> [Double] {
    var rates: [Double] = []
    for run in (warmsUp ? 0 : 1)...runs {
      // Every node is as likely; those of one run are all different.
      let seeds = (0..<count * 1024).map {
        NodeID(UInt64(($0 + run * count * 1024) * 2_654_435_761 % nodes))
      }
      let start = DispatchTime.now()
      let batches = try sampler.batches(
        of: seeds, times: times.map { [Int64](repeating: $0, count: seeds.count) } ?? [],
        size: 1024, epoch: run, threads: threads)
      var batch = MiniBatch.empty
      var edges = 0
      while try batches.next(&batch) { edges += batch.blocks.reduce(0) { $0 + $1.edgeCount } }
      if run > 0 { rates.append(Double(edges) / seconds(since: start) / 1e6) }
    }
    return rates
  }
}
