import MerestoneCore

extension VerificationRun {
  /// Follows some nodes to their raw ids and back.
  func checkNodeIDs(_ map: IDMap, _ nodes: Range<Int>) -> Verification.Finding {
    var finding = Verification.Finding()
    do throws(StorageError) {
      for number in nodes {
        let node = NodeID(UInt64(number))
        let raw = try map.raw(of: node)
        let found = try map.global(of: raw)
        guard found == node else {
          let place = map.location(of: node)
          throw .corrupt(
            path: place.path, byteOffset: place.byteOffset,
            field: "raw id \(raw)", expected: "one that leads to node \(node)",
            found: found.map { "one that leads to node \($0)" } ?? "one that leads nowhere")
        }
      }
    } catch { finding.errors.append(error) }
    for column in map.columns { column.drop() }
    return finding
  }

  /// Counts the raw ids that lead to a node, so that none leads to one that has another.
  func countRawIDs(
    _ type: NodeTypeID, _ map: IDMap, _ rows: Range<Int>
  ) -> Verification.Finding {
    var finding = Verification.Finding(type: type)
    guard case .dense(_, let nodes) = map.form else { return finding }
    let absent = IDMap.absent(nodes.element)
    do throws(StorageError) {
      for row in rows where try nodes.unsigned(at: row) != absent { finding.presentIDs += 1 }
    } catch { finding.errors.append(error) }
    return finding
  }
}
