import FoundationEssentials
import MerestoneCore
import MerestoneIngest
import MerestonePartition
import MerestonePreprocess
import MerestoneStorage

/// A folder of one test, removed when the test lets go of it.
final class ScratchFolder {
  let path: String

  init() {
    path = NSTemporaryPath.make()
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and returns its path.
  @discardableResult
  func write(_ name: String, _ text: String) -> String { write(name, bytes: Array(text.utf8)) }

  @discardableResult
  func write(_ name: String, bytes: [UInt8]) -> String {
    let file = "\(path)/\(name)"
    precondition(FileManager.default.createFile(atPath: file, contents: Data(bytes)))
    return file
  }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }

  /// Everything in the folder, by name.
  var entries: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  /// Options that make `graph` in this folder, on two threads.
  func options(_ edges: String..., graph: String = "graph") -> PreprocessOptions {
    var options = PreprocessOptions(edges: edges, output: "\(path)/\(graph)")
    options.threads = 2
    options.memory = ByteCount(4 << 30)
    return options
  }

  /// The bytes of all files of a graph but its report, by path.
  func files(of graph: String = "graph") throws -> [String: Data] {
    var result: [String: Data] = [:]
    let root = "\(path)/\(graph)"
    for name in try FileManager.default.subpathsOfDirectory(atPath: root) {
      var isFolder = false
      guard FileManager.default.fileExists(atPath: "\(root)/\(name)", isDirectory: &isFolder),
        !isFolder, name != "report.json"
      else { continue }
      result[name] = FileManager.default.contents(atPath: "\(root)/\(name)")
    }
    return result
  }
}

private enum NSTemporaryPath {
  static func make() -> String {
    let path =
      FileManager.default.temporaryDirectory.path + "/merestone-preprocess-" + UUID().uuidString
    try? FileManager.default.createDirectory(
      atPath: path, withIntermediateDirectories: true)
    return path
  }
}

/// `little`-endian bytes of integers.
func littleEndian<T: FixedWidthInteger>(_ values: [T]) -> [UInt8] {
  values.flatMap { value in
    (0..<T.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
  }
}
