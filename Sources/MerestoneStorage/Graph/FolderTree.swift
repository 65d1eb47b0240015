import FoundationEssentials
import Glibc

/// Everything below one folder.
enum FolderTree {
  /// One entry below a folder: its path relative to it, and what it is.
  struct Item: Equatable {
    enum Kind { case file, folder, other }
    var path: String
    var kind: Kind
    var bytes: Int
  }

  /// All entries below `folder`, sorted by path.
  static func items(below folder: String) throws(StorageError) -> [Item] {
    let paths: [String]
    do {
      paths = try FileManager.default.subpathsOfDirectory(atPath: folder)
    } catch {
      throw .io(path: folder, operation: "list", code: errno == 0 ? EIO : errno)
    }
    var items: [Item] = []
    for path in paths.sorted() {
      guard let status = status(folder + "/" + path) else { continue }
      let kind: Item.Kind =
        switch status.st_mode & S_IFMT {
        case S_IFREG: .file
        case S_IFDIR: .folder
        default: .other
        }
      items.append(Item(path: path, kind: kind, bytes: Int(status.st_size)))
    }
    return items
  }

  /// Removes a folder and everything below it; one that does not exist is fine.
  static func remove(_ folder: String) throws(StorageError) {
    guard status(folder) != nil else { return }
    do {
      try FileManager.default.removeItem(atPath: folder)
    } catch {
      throw .io(path: folder, operation: "remove", code: errno == 0 ? EIO : errno)
    }
  }

  /// Makes one folder, in a parent that exists.
  static func create(_ folder: String) throws(StorageError) {
    guard unsafe mkdir(folder, 0o777) == 0 else {
      throw .io(path: folder, operation: "create", code: errno)
    }
  }

  /// The size of the file at a path; `nil` where nothing is.
  static func size(of path: String) -> Int? { status(path).map { Int($0.st_size) } }

  /// What is at a path, links not followed; `nil` where nothing is.
  static func status(_ path: String) -> stat? {
    var status = stat()
    return unsafe lstat(path, &status) == 0 ? status : nil
  }
}
