import Glibc

/// The files of one graph in a directory of the plain layout: edges, and where there are any, a
/// node table and features.
///
/// | file | holds |
/// |---|---|
/// | `edges.tsv`, `.csv`, `.txt` (each also `.gz`, `.zst`, `.lz4`), `.u32`, `.u64`, `.npy` | one edge list |
/// | `nodes.tsv`, `.csv`, `.txt` (each also `.gz`, `.zst`, `.lz4`) | raw id, label, split, further columns |
/// | `features.npy`, `features.npz` | one row per node, in the node table's order |
/// | `features_<type>.npy`, `.npz` | one row per node of a type, in the node table's order |
package struct InputLayout: Sendable, Equatable {
  package var edges: String
  package var nodes: String?
  package var features: String?
  /// Features of nodes of one type each, by the type's name.
  package var typedFeatures: [String: String]

  package init(
    edges: String, nodes: String? = nil, features: String? = nil,
    typedFeatures: [String: String] = [:]
  ) {
    self.edges = edges
    self.nodes = nodes
    self.features = features
    self.typedFeatures = typedFeatures
  }

  private static let plainTextNames = ["tsv", "csv", "txt"]
  private static let binaryEdgeNames = ["edges.u32", "edges.u64", "edges.npy"]
  private static let textNames = plainTextNames.flatMap { name in
    [name] + Compression.allCases.map { "\(name).\($0.fileExtension)" }
  }
  private static let edgeFileNames = textNames.map { "edges.\($0)" } + binaryEdgeNames

  /// The edge files as messages list them.
  static let edgeFileList =
    plainTextNames.map { "edges.\($0)" }.joined(separator: ", ")
    + " (each also .gz, .zst or .lz4), " + binaryEdgeNames.joined(separator: ", ")

  /// Whether `path` is a directory.
  package static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    // SAFETY: `status` is a local that the call fills.
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// Finds the files of the layout in `directory`.
  ///
  /// - Throws: ``IngestError/noEdges(directory:)``, and
  ///   ``IngestError/ambiguousLayout(directory:files:)`` where one part is there twice.
  package static func discover(_ directory: String) throws(IngestError) -> InputLayout {
    let names = try list(directory)
    func find(_ allowed: [String]) throws(IngestError) -> String? {
      let found = names.filter(allowed.contains)
      if found.count > 1 { throw .ambiguousLayout(directory: directory, files: found) }
      return found.first.map { "\(directory)/\($0)" }
    }
    guard let edges = try find(edgeFileNames) else { throw .noEdges(directory: directory) }
    let nodes = try find(textNames.map { "nodes.\($0)" })
    let features = try find(["features.npy", "features.npz"])
    return InputLayout(
      edges: edges, nodes: nodes, features: features,
      typedFeatures: try typedFeatures(among: names, directory: directory))
  }

  /// The files `features_<type>.npy` and `.npz`, by type.
  private static func typedFeatures(
    among names: [String], directory: String
  ) throws(IngestError) -> [String: String] {
    var found: [String: String] = [:]
    for name in names where name.hasPrefix(typedPrefix) {
      guard name.hasSuffix(".npy") || name.hasSuffix(".npz") else { continue }
      let type = String(name.dropFirst(typedPrefix.count).dropLast(4))
      guard !type.isEmpty else { continue }
      if let other = found[type] {
        throw .ambiguousLayout(
          directory: directory, files: [String(other.dropFirst(directory.count + 1)), name])
      }
      found[type] = "\(directory)/\(name)"
    }
    return found
  }

  private static let typedPrefix = "features_"

  /// The names in a directory, sorted.
  private static func list(_ directory: String) throws(IngestError) -> [String] {
    // SAFETY: the stream is closed below; entries are copied before the next call.
    guard let stream = unsafe opendir(directory) else {
      let code = errno
      if code == ENOENT { throw .missingFile(directory) }
      if code == ENOTDIR { throw .noEdges(directory: directory) }
      throw .cannotRead(directory, byteOffset: 0, code: code)
    }
    defer { unsafe _ = closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        // SAFETY: the kernel ends names with a zero inside the field.
        unsafe pointer.withMemoryRebound(
          to: CChar.self, capacity: MemoryLayout.size(ofValue: pointer.pointee)
        ) { unsafe String(cString: $0) }
      }
      names.append(name)
    }
    return names.sorted()
  }
}
