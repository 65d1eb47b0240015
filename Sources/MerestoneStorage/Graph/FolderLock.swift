import Glibc

/// An advisory lock on a name, held by one process and freed by the kernel when that process ends.
///
/// The lock is a file beside what it guards; letting go removes the file. A file that a killed
/// process left behind is locked by nobody, so the next one takes it over.
package struct FolderLock: ~Copyable {
  private let path: String
  private let descriptor: Int32

  /// Takes the lock, or throws ``StorageError/locked(path:)`` at once where another holds it.
  ///
  /// - Parameter guarded: What the lock is for; named in the error.
  package init(path: String, guarding guarded: String) throws(StorageError) {
    self.path = path
    while true {
      let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw .io(path: path, operation: "create", code: errno) }
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        let code = errno
        _ = close(descriptor)
        throw code == EWOULDBLOCK
          ? .locked(path: guarded) : .io(path: path, operation: "lock", code: code)
      }
      // The holder before may have removed the name between our open and our lock; then the lock
      // is on a file that nobody else can find.
      var held = stat()
      var named = stat()
      if unsafe fstat(descriptor, &held) == 0, unsafe stat(path, &named) == 0,
        held.st_ino == named.st_ino, held.st_dev == named.st_dev
      {
        self.descriptor = descriptor
        return
      }
      _ = close(descriptor)
    }
  }

  deinit {
    unsafe unlink(path)
    _ = close(descriptor)
  }
}
