import Glibc

/// Folders of temporary files.
package enum TemporaryPlace {
  /// Makes an empty folder, in a parent that exists; what was there is removed.
  package static func make(_ folder: String) throws(StorageError) {
    try FolderTree.remove(folder)
    try FolderTree.create(folder)
  }

  /// Removes a folder and everything in it.
  package static func remove(_ folder: String) throws(StorageError) {
    try FolderTree.remove(folder)
  }

  /// The bytes that are free for new files in a folder.
  package static func freeBytes(in folder: String) throws(StorageError) -> Int {
    var status = statvfs()
    // SAFETY: `status` is a local that the call fills.
    guard unsafe statvfs(folder, &status) == 0 else {
      throw .io(path: folder, operation: "look at the disk of", code: errno)
    }
    return Int(
      clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize))
        .partialValue)
  }
}
