import Foundation

/// One measured figure: several runs of the same thing.
struct Figure: Encodable {
  var name: String
  var unit: String
  var values: [Double]
  /// What was measured: graph, parameters, threads.
  var setting: String
  /// What the figure is held against, with its source.
  var target: String

  var median: Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  private enum CodingKeys: String, CodingKey {
    case name, unit, median, minimum, maximum, runs, setting, target
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(unit, forKey: .unit)
    try container.encode(median, forKey: .median)
    try container.encode(values.min() ?? 0, forKey: .minimum)
    try container.encode(values.max() ?? 0, forKey: .maximum)
    try container.encode(values.count, forKey: .runs)
    try container.encode(setting, forKey: .setting)
    try container.encode(target, forKey: .target)
  }

  var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let data = (try? encoder.encode(self)) ?? Data()
    return String(decoding: data, as: UTF8.self)
  }
}

/// Collects figures: a JSON line for each as it comes, a table at the end.
struct Report {
  private(set) var figures: [Figure] = []

  mutating func add(_ figure: Figure) {
    figures.append(figure)
    print(figure.json)
    fflush(nil)
  }

  var table: String {
    let header = ["figure", "median", "min", "max", "unit", "target", "setting"]
    let rows = figures.map { figure in
      [
        figure.name, Self.number(figure.median), Self.number(figure.values.min() ?? 0),
        Self.number(figure.values.max() ?? 0), figure.unit, figure.target, figure.setting,
      ]
    }
    let widths = header.indices.map { column in
      ([header] + rows).map { $0[column].count }.max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      "| "
        + zip(cells, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
        .joined(separator: " | ") + " |"
    }
    let rule =
      "|" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|") + "|"
    return ([line(header), rule] + rows.map(line)).joined(separator: "\n")
  }

  private static func number(_ value: Double) -> String {
    if value >= 1000 { return String(format: "%.0f", value) }
    return String(format: value >= 10 ? "%.1f" : "%.3f", value)
  }
}
