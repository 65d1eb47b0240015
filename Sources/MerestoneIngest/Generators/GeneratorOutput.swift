import Glibc
import MerestoneCore
import MerestoneStorage

/// A file that a generator writes: tiles of values are made by all threads and written in order.
///
/// A tile is a pure function of its range, so the bytes do not depend on the number of threads.
/// Memory is bounded by a wave of tiles.
struct GeneratorOutput: ~Copyable {
  private var file: OutputFile

  /// Creates the directory where it is missing.
  /// - Throws: ``IngestError/outputExists(_:)`` if one of `names` is there already.
  private static func prepare(directory: String, names: [String]) throws(IngestError) {
    var parent = ""
    for part in directory.split(separator: "/", omittingEmptySubsequences: false) {
      parent += parent.isEmpty && !part.isEmpty ? part : "/\(part)"
      if part.isEmpty { continue }
      // SAFETY: the path is passed as a NUL-terminated string for the time of the call.
      if unsafe mkdir(parent, 0o777) != 0, errno != EEXIST {
        throw .cannotWrite(directory, code: errno)
      }
    }
    guard InputLayout.isDirectory(directory) else {
      throw .cannotWrite(directory, code: ENOTDIR)
    }
    for name in names {
      // SAFETY: as above.
      if unsafe access("\(directory)/\(name)", F_OK) == 0 {
        throw .outputExists("\(directory)/\(name)")
      }
    }
  }

  /// Makes the files of `names` in a directory, or none of them.
  ///
  /// The directory is made where it is missing, and goes with the files where `body` throws.
  /// - Throws: ``IngestError/outputExists(_:)`` if one of `names` is there already, which stays.
  static func making<R>(
    _ names: [String], in directory: String, _ body: () throws(IngestError) -> R
  ) throws(IngestError) -> R {
    let isNew = !InputLayout.isDirectory(directory)
    try prepare(directory: directory, names: names)
    do throws(IngestError) {
      return try body()
    } catch {
      // SAFETY: the paths are passed as NUL-terminated strings for the time of the calls.
      for name in names { unsafe unlink("\(directory)/\(name)") }
      if isNew { unsafe rmdir(directory) }
      throw error
    }
  }

  init(path: String) throws(IngestError) {
    file = try Self.writing(path) { () throws(StorageError) in try OutputFile(path: path) }
  }

  mutating func append(_ bytes: [UInt8]) throws(IngestError) {
    do throws(StorageError) {
      try file.append(bytes)
    } catch { throw IngestError(writing: error, path: file.path) }
  }

  /// Makes and writes the values for `0..<count`.
  ///
  /// - Parameters:
  ///   - tile: How many indices one call of `fill` gets; does not depend on the threads.
  ///   - fill: Appends the values of a range to an empty array.
  mutating func appendTiles<Element: BitwiseCopyable>(
    of count: Int, tile: Int, pool: ThreadPool, cancellation: Cancellation?,
    progress: any ProgressListener, fill: (Range<Int>, inout [Element]) -> Void
  ) throws(IngestError) {
    let slots = (0..<4 * pool.threadCount).map { _ in TileSlot<Element>() }
    var start = 0
    while start < count {
      if let cancellation, cancellation.isCancelled { throw .interrupted }
      let tiles = min(slots.count, (count - start + tile - 1) / tile)
      let base = start
      pool.forEach(tiles) { index in
        let lower = base + index * tile
        slots[index].values.removeAll(keepingCapacity: true)
        fill(lower..<min(lower + tile, count), &slots[index].values)
      }
      for slot in slots[..<tiles] {
        do throws(StorageError) {
          // SAFETY: the elements are integers, which have no padding.
          try unsafe file.append(slot.values.span.bytes)
        } catch { throw IngestError(writing: error, path: file.path) }
      }
      let end = min(count, start + tiles * tile)
      progress.advance(by: end - start)
      start = end
    }
  }

  consuming func finish() throws(IngestError) {
    let path = file.path
    do throws(StorageError) {
      try file.finish()
    } catch { throw IngestError(writing: error, path: path) }
  }

  private static func writing<R: ~Copyable>(
    _ path: String, _ body: () throws(StorageError) -> R
  ) throws(IngestError) -> R {
    do throws(StorageError) { return try body() } catch {
      throw IngestError(writing: error, path: path)
    }
  }
}

/// One tile's values; the array is used again by the next wave.
private final class TileSlot<Element: BitwiseCopyable> {
  var values: [Element] = []
}

extension IngestError {
  fileprivate init(writing error: StorageError, path: String) {
    if case .io(_, _, let code) = error {
      self = .cannotWrite(path, code: code)
    } else {
      self = .cannotWrite(path, code: EIO)
    }
  }
}
