import Foundation

/// Files of folders, in the order of their names.
enum Folder {
  static func names(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
  }

  /// Every file below a folder, by its path there.
  static func files(below folder: String, orNone: Bool = false) throws -> [FuzzFile] {
    if orNone, !FileManager.default.fileExists(atPath: folder) { return [] }
    let paths = try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
    return try paths.compactMap { path in
      var isFolder: ObjCBool = false
      let whole = "\(folder)/\(path)"
      guard FileManager.default.fileExists(atPath: whole, isDirectory: &isFolder),
        !isFolder.boolValue
      else { return nil }
      return FuzzFile(path: path, bytes: [UInt8](try Data(contentsOf: URL(filePath: whole))))
    }
  }

  static func write(_ files: [FuzzFile], to folder: String) throws {
    for file in files {
      let url = URL(filePath: "\(folder)/\(file.path)")
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(file.bytes).write(to: url)
    }
  }
}
