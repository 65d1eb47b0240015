import MerestoneCore
import MerestonePartition
import MerestoneStorage

extension NodeNumbering {
  /// Writes the map between raw and global ids.
  func writeMap(
    order: NodeOrder, to writer: GraphWriter
  ) throws(PreprocessError) -> IDMapWriter.Written {
    let prefix = writer.path(GraphLayout.ids(.init(0)))
    let written = try PreprocessError.storing { () throws(StorageError) in
      switch ids {
      case .integers(let raw):
        let byGlobal = order.inputs.map { raw[Int($0)] }
        return try IDMapWriter.write(integers: byGlobal.span, to: prefix, .deferred)
      case .strings(let strings):
        return try IDMapWriter.write(strings: order.count, to: prefix, .deferred) {
          (node, body) throws(StorageError) in
          // SAFETY: every byte of an array of bytes is initialised.
          try unsafe body(
            strings.bytes.span.bytes.extracting(strings.range(Int(order.inputs[node]))))
        }
      }
    }
    writer.add(written.files)
    return written
  }
}
