/// Moves by gain, the largest first, of equals the lower node: a binary heap whose entries may be
/// out of date.
struct MoveQueue {
  struct Entry {
    var gain: Int64
    var node: UInt32
    var target: UInt16
  }

  private var heap: [Entry] = []

  mutating func push(_ entry: Entry) {
    heap.append(entry)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard Self.precedes(entry, heap[parent]) else { break }
      heap[child] = heap[parent]
      child = parent
    }
    heap[child] = entry
  }

  mutating func pop() -> Entry? {
    guard let first = heap.first, let last = heap.popLast() else { return nil }
    guard !heap.isEmpty else { return first }
    var parent = 0
    while true {
      var child = 2 * parent + 1
      guard child < heap.count else { break }
      if child + 1 < heap.count, Self.precedes(heap[child + 1], heap[child]) { child += 1 }
      guard Self.precedes(heap[child], last) else { break }
      heap[parent] = heap[child]
      parent = child
    }
    heap[parent] = last
    return first
  }

  private static func precedes(_ a: Entry, _ b: Entry) -> Bool {
    a.gain > b.gain || (a.gain == b.gain && a.node < b.node)
  }
}
