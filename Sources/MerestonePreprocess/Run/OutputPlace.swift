import Glibc
import MerestoneStorage

/// Where the graph will be: looked at early, so that hours of work do not end at a wrong path.
enum OutputPlace {
  /// - Throws: ``PreprocessError`` where the output exists or the folder around it does not.
  static func check(_ output: String) throws(PreprocessError) {
    var path = output[...]
    while path.count > 1, path.last == "/" { path.removeLast() }
    guard !path.isEmpty else {
      throw .invalidValue(flag: "--out", value: "empty", allowed: "the path of a new directory")
    }
    var status = stat()
    // SAFETY: `status` is a local that the calls fill.
    if unsafe lstat(String(path), &status) == 0 {
      throw .storage(.alreadyExists(path: String(path)))
    }
    guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
    let folder = String(path[..<slash])
    guard unsafe stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw .noFolder(output: output, folder: folder)
    }
  }
}
