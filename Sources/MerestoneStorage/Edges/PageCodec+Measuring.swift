extension PageCodec {
  /// The bytes that ids take in pages, the directories left out: for predictions.
  ///
  /// - Parameters:
  ///   - ids: Source ids of one list after the other.
  ///   - idBytes: Bytes of an id, so that each is below `2^(8 * idBytes)`.
  package static func measure(_ ids: Span<UInt64>, idBytes: Int) -> Int {
    var planes = [UInt8](repeating: 0, count: edges * idBytes)
    var payload = planes
    var total = 0
    var first = 0
    while first < ids.count {
      let count = min(edges, ids.count - first)
      var planeSpan = planes.mutableSpan
      var payloadSpan = payload.mutableSpan
      total +=
        encode(
          ids.extracting(first..<first + count), idBytes: idBytes, planes: &planeSpan,
          payload: &payloadSpan) ?? count * idBytes
      first += count
    }
    return total
  }
}
