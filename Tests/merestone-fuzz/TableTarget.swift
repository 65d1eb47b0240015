import MerestoneCore
import MerestoneIngest
import MerestoneStorage
import MerestoneTestSupport

/// Node tables.
struct TableTarget: FuzzTarget {
  let name = "nodes"
  let inputs: [FuzzFile]

  func input(using generator: inout SplitMix64) -> [FuzzFile] {
    var file = inputs.randomElement(using: &generator)!
    Mutator.mutate(&file.bytes, others: inputs.map(\.bytes), using: &generator)
    return [file]
  }

  func read(_ input: [FuzzFile], in folder: String, using generator: inout SplitMix64) throws {
    var options = NodeTable.Options()
    options.ids = IDKind.allCases.randomElement(using: &generator)!
    options.batchBytes = [64, 256, 1 << 20].randomElement(using: &generator)!
    options.hasHeader = [nil, nil, true, false].randomElement(using: &generator)!
    let pool = Bool.random(using: &generator) ? Pools.one : Pools.two
    let table = try NodeTable.read(folder + "/" + input[0].path, options: options, pool: pool)
    if let splits = table.splits, splits.count != table.count {
      throw Fault(description: "\(splits.count) splits for \(table.count) nodes")
    }
    for column in table.columns where column.values.count != table.count {
      throw Fault(description: "\(column.values.count) values for \(table.count) nodes")
    }
  }
}

/// Feature matrices: `.npy`, and `.npz` as scipy writes it.
///
/// Archives are changed as they are, or entry by entry with checksums that are right again.
struct FeatureTarget: FuzzTarget {
  let name: String
  let inputs: [FuzzFile]
  /// The entries of archives that are put together anew.
  var archives: [[(name: String, bytes: [UInt8])]] = []

  func input(using generator: inout SplitMix64) -> [FuzzFile] {
    if !archives.isEmpty, Bool.random(using: &generator) {
      var entries = archives.randomElement(using: &generator)!
      let index = Int.random(in: 0..<entries.count, using: &generator)
      Mutator.mutate(
        &entries[index].bytes, others: entries.map(\.bytes), using: &generator)
      return [
        FuzzFile(
          path: "features.npz",
          bytes: zip(
            entries, deflate: .random(using: &generator), wide: .random(using: &generator)))
      ]
    }
    var file = inputs.randomElement(using: &generator)!
    Mutator.mutate(&file.bytes, others: inputs.map(\.bytes), using: &generator)
    return [file]
  }

  func read(_ input: [FuzzFile], in folder: String, using generator: inout SplitMix64) throws {
    let reader = try FeatureReader.open(folder + "/" + input[0].path)
    let stream = try reader.stream(
      batchBytes: [8, 100, 1 << 16].randomElement(using: &generator)!)
    var rows = 0
    // A forged shape may ask for 2^62 rows of nothing.
    for _ in 0..<2000 {
      guard let batch = try stream.next() else {
        guard rows == reader.rowCount else {
          throw Fault(description: "\(rows) rows of \(reader.rowCount)")
        }
        return
      }
      guard batch.firstRow == rows, batch.count > 0,
        batch.bytes.count == batch.count * reader.width * reader.element.byteCount
      else { throw Fault(description: "a batch of \(batch.count) rows at \(batch.firstRow)") }
      rows += batch.count
    }
  }
}
