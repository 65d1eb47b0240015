import Foundation

extension TemporaryFolder {
  /// A folder that holds text files, by their paths in it.
  public static func holding(_ files: [String: String]) throws -> TemporaryFolder {
    let folder = TemporaryFolder()
    for (path, text) in files {
      let url = URL(filePath: folder.file(path))
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: url, atomically: true, encoding: .utf8)
    }
    return folder
  }
}
