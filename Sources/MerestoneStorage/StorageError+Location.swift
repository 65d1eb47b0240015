extension StorageError {
  /// The file that an error is about, and the first byte that is wrong, where it is known.
  package var location: (path: String, byteOffset: Int) {
    switch self {
    case .io(let path, _, _), .missing(let path), .alreadyExists(let path), .locked(let path),
      .truncatedWhileMapped(let path), .outOfRange(let path, _, _, _),
      .invalid(let path, _, _, _, _), .duplicateRawID(let path, _, _, _), .interrupted(let path):
      (path, 0)
    case .wrongSize(let path, let expected, let found): (path, min(expected, found))
    case .wrongVersion(let path, let byteOffset, _, _),
      .wrongChecksum(let path, let byteOffset, _, _, _),
      .corrupt(let path, let byteOffset, _, _, _):
      (path, byteOffset)
    }
  }
}
