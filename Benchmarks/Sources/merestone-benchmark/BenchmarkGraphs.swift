import Foundation
import Merestone

/// Graphs that several benchmarks share, made on the first call and kept.
struct BenchmarkGraphs {
  let tool: Tool
  let folder: String

  /// Kronecker, one shard, degree order.
  func kronecker(scale: Int, encoding: String = "lz4") throws -> String {
    let graph = "\(folder)/kron\(scale)-one-\(encoding)"
    try make(graph) {
      let input = "\(folder)/kron\(scale)"
      try generate(scale: scale, format: "u32", to: input)
      return [
        input + "/edges.u32", "--order", "degree", "--encoding", encoding, "--memory",
        scale >= 26 ? "4GiB" : "1GiB",
      ]
    }
    return graph
  }

  /// Kronecker of 2^20 nodes with a weight and a time per edge, one shard, degree order.
  func weighted() throws -> String {
    let graph = "\(folder)/kron20-weighted"
    try make(graph) {
      let input = "\(folder)/kron20"
      try generate(scale: 20, format: "u32", to: input)
      let text = input + "/weighted.tsv"
      try Self.writeWeighted(edges: input + "/edges.u32", to: text)
      return [text, "--order", "degree", "--memory", "1GiB"]
    }
    return graph
  }

  /// Kronecker of 2^20 nodes, every third of one type and the others of another, two shards.
  func typed() throws -> String {
    let graph = "\(folder)/kron20-typed"
    try make(graph) {
      let input = "\(folder)/kron20"
      try generate(scale: 20, format: "u32", to: input)
      let nodes = input + "/types.tsv"
      try Self.write(to: nodes) { writer in
        writer.line("id\ttype")
        for node in 0..<1 << 20 { writer.line("\(node)\t\(node % 3 == 0 ? "user" : "item")") }
      }
      return [input + "/edges.u32", "--nodes", nodes, "--shards", "2", "--memory", "1GiB"]
    }
    return graph
  }

  /// As many edges as distinct string ids: each is in two edges.
  func strings(count: Int) throws -> String {
    let graph = "\(folder)/strings-\(count)"
    try make(graph) {
      let text = "\(folder)/strings-\(count).tsv"
      try Self.writeStrings(count: count, to: text)
      return [text, "--memory", "2GiB"]
    }
    return graph
  }

  /// The `index`-th id of ``strings(count:)``: 16 characters without an order.
  static func string(_ index: Int) -> String {
    let word = UInt64(truncatingIfNeeded: index) &* 0x9E37_79B9_7F4A_7C15
    let digits = String(word, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }

  private func make(_ graph: String, _ arguments: () throws -> [String]) throws {
    guard !FileManager.default.fileExists(atPath: graph + "/manifest.json") else { return }
    _ = try tool.run(["preprocess"] + arguments() + ["--out", graph, "--quiet"])
  }

  private func generate(scale: Int, format: String, to path: String) throws {
    guard !FileManager.default.fileExists(atPath: path) else { return }
    _ = try tool.run([
      "generate", "kronecker", "--scale", "\(scale)", "--format", format, "--out", path, "--quiet",
    ])
  }

  private static func writeWeighted(edges: String, to path: String) throws {
    let pairs = try Data(contentsOf: URL(fileURLWithPath: edges), options: .alwaysMapped)
    try write(to: path) { writer in
      writer.line("src\tdst\tweight\ttime")
      pairs.withUnsafeBytes { bytes in
        let words = bytes.bindMemory(to: UInt32.self)
        for edge in 0..<words.count / 2 {
          let (source, destination) = (Int(words[2 * edge]), Int(words[2 * edge + 1]))
          let weight = 1 + (source * 7 + destination * 13) % 997
          writer.line("\(source)\t\(destination)\t0.\(weight)\t\(edge)")
        }
      }
    }
  }

  private static func writeStrings(count: Int, to path: String) throws {
    try write(to: path) { writer in
      // The second list is the first one, shifted: every id comes twice.
      for index in 0..<count { writer.line("\(string(index))\t\(string((index + 7) % count))") }
    }
  }

  private static func write(to path: String, _ body: (inout LineWriter) -> Void) throws {
    _ = FileManager.default.createFile(atPath: path, contents: nil)
    guard let handle = FileHandle(forWritingAtPath: path) else {
      throw Tool.Failure(description: "cannot write \(path)")
    }
    var writer = LineWriter(handle: handle)
    body(&writer)
    writer.flush()
    try handle.close()
  }
}

/// Lines of text for a file.
private struct LineWriter {
  let handle: FileHandle
  private var bytes: [UInt8] = []

  init(handle: FileHandle) { self.handle = handle }

  mutating func line(_ text: String) {
    bytes.append(contentsOf: text.utf8)
    bytes.append(UInt8(ascii: "\n"))
    if bytes.count >= 1 << 20 { flush() }
  }

  mutating func flush() {
    handle.write(Data(bytes))
    bytes.removeAll(keepingCapacity: true)
  }
}
