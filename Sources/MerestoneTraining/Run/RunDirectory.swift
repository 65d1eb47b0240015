import FoundationEssentials
import Glibc
import MerestoneStorage

/// The files of one run, and the lock that keeps two processes from writing them at once.
///
/// | file | content |
/// |---|---|
/// | `run.json` | ``RunRecord`` |
/// | `metrics.jsonl` | one ``EpochMetrics`` a line |
/// | `checkpoint.bin` | ``Checkpoint``, replaced whole |
/// | `report.json` | the summary of a finished run |
package struct RunDirectory: Sendable {
  package let path: String

  package init(_ path: String) { self.path = path }

  package var recordPath: String { path + "/run.json" }
  package var metricsPath: String { path + "/metrics.jsonl" }
  package var checkpointPath: String { path + "/checkpoint.bin" }
  package var reportPath: String { path + "/report.json" }

  private static func isThere(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  package var exists: Bool { Self.isThere(path) }
  package var hasRecord: Bool { Self.isThere(recordPath) }
  package var hasCheckpoint: Bool { Self.isThere(checkpointPath) }

  /// Makes the directory for a new run.
  /// - Throws: ``TrainingError/runExists(path:)`` where something is there already.
  package func create() throws(TrainingError) {
    guard !exists else { throw .runExists(path: path) }
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw .storage(.io(path: path, operation: "create", code: errno))
    }
  }

  /// Keeps other processes from writing the run, until the result goes out of scope.
  func lock() throws(TrainingError) -> RunLock {
    do throws(StorageError) {
      return RunLock(try FolderLock(path: path + "/.lock", guarding: path))
    } catch {
      throw .storage(error)
    }
  }

  package func writeRecord(_ record: RunRecord) throws(TrainingError) {
    try Self.write(record, to: recordPath)
  }

  package func readRecord() throws(TrainingError) -> RunRecord {
    guard hasRecord, let data = try? Data(contentsOf: URL(filePath: recordPath)) else {
      throw .noRun(path: path)
    }
    guard let found = try? JSONDecoder().decode(RunRecord.Version.self, from: data) else {
      throw .damagedRecord(path: recordPath, reason: "it has no version")
    }
    guard found.version == RunRecord.currentVersion else {
      throw .damagedRecord(
        path: recordPath,
        reason: "it has version \(found.version), this program reads \(RunRecord.currentVersion)")
    }
    do {
      return try JSONDecoder().decode(RunRecord.self, from: data)
    } catch {
      throw .damagedRecord(path: recordPath, reason: "an entry is missing or of another type")
    }
  }

  /// Writes one JSON object in the place of an earlier file.
  package static func write(_ value: some Encodable, to path: String) throws(TrainingError) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    guard var data = try? encoder.encode(value) else {
      preconditionFailure("a value that JSON cannot hold, for \(path)")
    }
    data.append(UInt8(ascii: "\n"))
    let bytes = [UInt8](data)
    do throws(StorageError) {
      try unsafe OutputFile.write(bytes.span.bytes, to: path)
    } catch {
      throw .storage(error)
    }
  }

  /// Cuts `metrics.jsonl` to the length that a checkpoint recorded; a shorter file stays as it is.
  package func truncateMetrics(to bytes: Int) throws(TrainingError) {
    var status = stat()
    guard unsafe stat(metricsPath, &status) == 0, Int(status.st_size) > bytes else { return }
    guard unsafe truncate(metricsPath, off_t(bytes)) == 0 else {
      throw .storage(.io(path: metricsPath, operation: "truncate", code: errno))
    }
  }

  /// Appends a line to `metrics.jsonl`, on the disk before this returns.
  /// - Returns: The file's new length.
  package func append(_ metrics: EpochMetrics) throws(TrainingError) -> Int {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    guard var data = try? encoder.encode(metrics) else {
      throw .diverged(epoch: metrics.epoch, step: 0)
    }
    data.append(UInt8(ascii: "\n"))
    let descriptor = unsafe open(metricsPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw .storage(.io(path: metricsPath, operation: "open", code: errno))
    }
    defer { close(descriptor) }
    let written = unsafe data.withUnsafeBytes {
      unsafe Glibc.write(descriptor, $0.baseAddress!, $0.count)
    }
    guard written == data.count, fsync(descriptor) == 0 else {
      throw .storage(.io(path: metricsPath, operation: "append to", code: errno))
    }
    return Int(lseek(descriptor, 0, SEEK_END))
  }
}

/// Holds the lock of a run.
final class RunLock: Sendable {
  private let lock: FolderLock
  init(_ lock: consuming FolderLock) { self.lock = lock }
}
