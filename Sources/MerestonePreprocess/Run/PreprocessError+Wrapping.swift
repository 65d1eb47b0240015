import MerestoneIngest
import MerestonePartition
import MerestoneStorage

extension PreprocessError {
  /// Runs `body`, which reads input.
  static func reading<R: ~Copyable>(
    _ body: () throws(IngestError) -> R
  ) throws(PreprocessError) -> R {
    do throws(IngestError) {
      return try body()
    } catch {
      throw PreprocessError.ingest(error).unified
    }
  }

  /// Runs `body`, which writes the graph.
  static func storing<R: ~Copyable>(
    _ body: () throws(StorageError) -> R
  ) throws(PreprocessError) -> R {
    do throws(StorageError) {
      return try body()
    } catch {
      throw PreprocessError.storage(error).unified
    }
  }

  /// Runs `body`, which partitions the graph.
  static func partitioning<R: ~Copyable>(
    _ body: () throws(PartitionError) -> R
  ) throws(PreprocessError) -> R {
    do throws(PartitionError) {
      return try body()
    } catch {
      throw PreprocessError.partition(error).unified
    }
  }
}
