internal import CMerestoneKernels
import MerestoneCore

/// What one mini-batch asks of the buckets of a ``BucketCut``, and their answers.
///
/// First the keys are dealt to their buckets; then every bucket answers, in any order and on any
/// thread; then the answers are collected in the order of the keys. All three go front to back in
/// every bucket, so that hardly a read or write misses the cache.
///
/// `@unchecked Sendable`: calls for different buckets touch different slots.
@safe final class Exchange: @unchecked Sendable {
  // Where each bucket's slots start. Shape `[buckets + 1]`.
  private var starts: [UInt32] = []
  // The places inside the bucket that are asked for, then what was found there.
  private let slots = ScratchMemory<UInt32>()
  private let lists = ScratchMemory<mrs_edge_list>()

  /// Deals keys to buckets.
  ///
  /// - Parameters:
  ///   - keys: Ids that exist. Shape `[n]`, `n < 2^32`.
  ///   - forLists: Whether the buckets will answer with lists.
  func deal(_ keys: Span<UInt64>, to cut: BucketCut, forLists: Bool) {
    slots.reserve(keys.count)
    if forLists { lists.reserve(keys.count) }
    starts.resize(to: cut.count + 1, filling: 0)
    unsafe keys.withUnsafeBufferPointer { keys in
      unsafe cut.withKernel { kernel in
        unsafe starts.withUnsafeMutableBufferPointer { starts in
          // SAFETY: there is one start for each bucket and one more.
          unsafe mrs_bucket_starts(
            kernel, keys.baseAddress, keys.count, cut.count, starts.baseAddress)
        }
        var cursors = starts
        unsafe cursors.withUnsafeMutableBufferPointer { cursors in
          // SAFETY: there is a slot for each key.
          unsafe mrs_bucket_deal(
            kernel, keys.baseAddress, keys.count, cursors.baseAddress, slots.base)
        }
      }
    }
  }

  var byteCount: Int {
    starts.capacity * 4 + slots.capacity * 4 + lists.capacity * MemoryLayout<mrs_edge_list>.stride
  }

  /// How many keys a bucket has.
  func count(in bucket: Int) -> Int { Int(starts[bucket + 1] &- starts[bucket]) }

  /// Calls `body` with the places that are asked of a bucket.
  func forEachPlace(in bucket: Int, _ body: (Int) -> Void) {
    for slot in Int(starts[bucket])..<Int(starts[bucket + 1]) {
      // SAFETY: `deal` wrote all slots.
      body(Int(unsafe slots.base![slot]))
    }
  }

  /// Answers a bucket with 32-bit values.
  /// - Parameter values: What stands at every place of the bucket.
  func answer(_ bucket: Int, with values: Span<UInt32>) {
    // SAFETY: places were dealt inside the bucket, which `values` covers.
    unsafe values.withUnsafeBufferPointer { values in
      unsafe mrs_look_up(
        values.baseAddress, slots.base.map { unsafe $0 + Int(starts[bucket]) }, count(in: bucket))
    }
  }

  /// Answers a bucket with lists.
  /// - Parameter listStarts: Where the list of every place of the bucket starts, and the end.
  func answer(_ bucket: Int, withLists listStarts: Span<UInt64>) {
    let first = Int(starts[bucket])
    // SAFETY: places were dealt inside the bucket, which `listStarts` covers.
    unsafe listStarts.withUnsafeBufferPointer { listStarts in
      unsafe mrs_look_up_lists(
        listStarts.baseAddress, slots.base.map { unsafe $0 + first }, count(in: bucket),
        lists.base.map { unsafe $0 + first })
    }
  }

  /// Collects values in the order of the keys that were dealt.
  func collect(_ keys: Span<UInt64>, from cut: BucketCut, into values: inout MutableSpan<UInt32>) {
    precondition(values.count >= keys.count, "\(keys.count) values do not fit \(values.count)")
    var cursors = starts
    unsafe keys.withUnsafeBufferPointer { keys in
      unsafe values.withUnsafeMutableBufferPointer { values in
        unsafe cut.withKernel { kernel in
          unsafe cursors.withUnsafeMutableBufferPointer { cursors in
            // SAFETY: every key has a slot, and there is room for its value.
            unsafe mrs_bucket_collect(
              kernel, keys.baseAddress, keys.count, cursors.baseAddress, slots.base,
              values.baseAddress)
          }
        }
      }
    }
  }

  /// Collects lists in the order of the keys that were dealt.
  /// - Parameter place: Where the first goes in `found`.
  func collect(
    _ keys: Span<UInt64>, from cut: BucketCut, into found: inout [EdgeList], at place: Int
  ) {
    precondition(found.count - place >= keys.count, "\(keys.count) lists do not fit")
    var cursors = starts
    unsafe keys.withUnsafeBufferPointer { keys in
      unsafe found.withUnsafeMutableBufferPointer { found in
        unsafe cut.withKernel { kernel in
          unsafe cursors.withUnsafeMutableBufferPointer { cursors in
            // SAFETY: an edge list is the same two words here and there.
            unsafe mrs_bucket_collect_lists(
              kernel, keys.baseAddress, keys.count, cursors.baseAddress, lists.base,
              UnsafeMutableRawPointer(found.baseAddress.map { unsafe $0 + place })?
                .assumingMemoryBound(to: mrs_edge_list.self))
          }
        }
      }
    }
  }
}
