import FoundationEssentials
import Glibc
import MerestoneStorage

/// What files take on disk, and whether there is room for more.
enum FileSpace {
  /// The size of a file; nil where there is none.
  static func byteCount(_ path: String) -> Int? {
    var status = stat()
    // SAFETY: `status` is a local that the call fills.
    guard unsafe stat(path, &status) == 0 else { return nil }
    return Int(status.st_size)
  }

  /// The disk space of the files of a folder, holes left out.
  static func used(by folder: String) -> Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.reduce(0) { sum, name in
      var status = stat()
      // SAFETY: as above.
      guard unsafe lstat("\(folder)/\(name)", &status) == 0 else { return sum }
      return sum + Int(status.st_blocks) * 512
    }
  }

  /// The sizes of all files below a folder.
  static func treeBytes(_ folder: String) -> Int {
    let names = (try? FileManager.default.subpathsOfDirectory(atPath: folder)) ?? []
    return names.reduce(0) { sum, name in
      var status = stat()
      // SAFETY: as above.
      guard unsafe lstat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG
      else { return sum }
      return sum + Int(status.st_size)
    }
  }

  /// The folder that a path lies in.
  static func parent(of path: String) -> String {
    var path = path[...]
    while path.count > 1, path.last == "/" { path.removeLast() }
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Refuses where there is clearly too little room.
  ///
  /// - Parameter bytes: What is expected; two thirds of it have to be free, as expectations are
  ///   on the safe side.
  static func check(_ folder: String, bytes: Int) throws(PreprocessError) {
    guard let free = try? TemporaryPlace.freeBytes(in: folder), free < bytes / 3 * 2 else { return }
    throw .temporarySpace(folder: folder, neededBytes: bytes, freeBytes: free)
  }
}
