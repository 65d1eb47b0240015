import Foundation

/// What the kernel keeps of files in memory.
enum PageCache {
  /// Takes a file out of memory, but for pages that somebody has mapped.
  static func letGo(of file: String) {
    let descriptor = open(file, O_RDONLY)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
  }

  /// Takes all files of a folder out of memory.
  static func letGo(ofFilesIn folder: String) throws {
    for file in try FileManager.default.subpathsOfDirectory(atPath: folder) {
      letGo(of: "\(folder)/\(file)")
    }
  }
}
