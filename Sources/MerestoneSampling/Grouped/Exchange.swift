internal import CMerestoneKernels
import MerestoneCore

/// What one mini-batch asks of the buckets of a ``BucketCut``, and their answers.
///
/// First the keys are dealt to their buckets; then every bucket answers all mini-batches of a group
/// (``ExchangeGroup``), in any order and on any thread; then the answers are collected in the order
/// of the keys. All three go front to back in every bucket, so that hardly a read or write misses
/// the cache.
@safe final class Exchange {
  // Where each bucket's slots start. Shape `[buckets + 1]`.
  private let starts = ScratchMemory<UInt32>()
  // The places inside the bucket that are asked for, then what was found there.
  private let slots: ScratchMemory<UInt32>
  // The lists that were found, four words each.
  private let lists = ScratchMemory<UInt32>()

  /// - Parameter earlier: An exchange of lists that is over whenever keys are dealt here: its memory for lists
  ///   serves both.
  init(after earlier: Exchange? = nil) { slots = earlier?.lists ?? ScratchMemory() }

  /// Deals keys to buckets.
  ///
  /// - Parameters:
  ///   - keys: Ids that exist. Shape `[n]`, `n < 2^32`.
  ///   - forLists: Whether the buckets will answer with lists.
  func deal(_ keys: Span<UInt64>, to cut: BucketCut, forLists: Bool) {
    starts.reserve(cut.count + 1)
    slots.reserve(keys.count)
    if forLists { lists.reserve(keys.count * Self.wordsPerList) }
    unsafe keys.withUnsafeBufferPointer { keys in
      unsafe cut.withKernel { kernel in
        // SAFETY: there is one start for each bucket and one more, and a slot for each key.
        unsafe mrs_bucket_starts(kernel, keys.baseAddress, keys.count, cut.count, starts.base)
        unsafe mrs_bucket_deal(
          kernel, keys.baseAddress, keys.count, cut.count, starts.base, slots.base)
      }
    }
  }

  private static let wordsPerList = MemoryLayout<mrs_edge_list>.stride / MemoryLayout<UInt32>.stride

  /// The memory that this and the exchange after it take.
  func byteCount(with later: Exchange) -> Int {
    starts.byteCount + slots.byteCount + lists.byteCount + later.starts.byteCount
  }

  /// Where the buckets find the questions and put their answers, until the next deal.
  fileprivate var asked: mrs_asked {
    // SAFETY: memory of words is aligned for lists as all memory of the allocator is.
    unsafe mrs_asked(
      starts: starts.base, slots: slots.base,
      lists: UnsafeMutableRawPointer(lists.base)?.assumingMemoryBound(to: mrs_edge_list.self))
  }

  /// Collects values in the order of the keys that were dealt.
  func collect(_ keys: Span<UInt64>, from cut: BucketCut, into values: inout MutableSpan<UInt32>) {
    precondition(values.count >= keys.count, "\(keys.count) values do not fit \(values.count)")
    var asked = unsafe asked
    unsafe keys.withUnsafeBufferPointer { keys in
      unsafe values.withUnsafeMutableBufferPointer { values in
        unsafe cut.withKernel { kernel in
          // SAFETY: every key has a slot, and there is room for its value.
          unsafe mrs_bucket_collect(
            kernel, keys.baseAddress, keys.count, cut.count, &asked, values.baseAddress)
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
    var asked = unsafe asked
    unsafe keys.withUnsafeBufferPointer { keys in
      unsafe found.withUnsafeMutableBufferPointer { found in
        unsafe cut.withKernel { kernel in
          // SAFETY: every key has a slot; an edge list is the same two words here and there.
          unsafe mrs_bucket_collect_lists(
            kernel, keys.baseAddress, keys.count, cut.count, &asked,
            UnsafeMutableRawPointer(found.baseAddress.map { unsafe $0 + place })?
              .assumingMemoryBound(to: mrs_edge_list.self))
        }
      }
    }
  }
}

/// What a group of mini-batches asks of buckets; each bucket answers all of them at once.
///
/// `@unchecked Sendable`: calls for different buckets touch different slots.
@safe struct ExchangeGroup: @unchecked Sendable {
  private let exchanges: [Exchange]
  private let asked: [mrs_asked]

  /// - Parameter exchanges: Dealt to one cut; none deals again while the group is used.
  init(_ exchanges: [Exchange]) {
    self.exchanges = exchanges
    unsafe asked = exchanges.map { unsafe $0.asked }
  }

  /// How much is asked of a bucket.
  func count(in bucket: Int) -> Int {
    unsafe asked.withUnsafeBufferPointer {
      // SAFETY: the exchanges live, and were dealt to the cut that the bucket is of.
      unsafe mrs_asked_count($0.baseAddress, $0.count, bucket)
    }
  }

  /// Says which pages of a bucket are asked for.
  /// - Parameter touched: Set to 1 for these; as many as the bucket has pages.
  func markPages(of bucket: Int, pageEdges: Int, in touched: inout MutableSpan<UInt8>) {
    unsafe asked.withUnsafeBufferPointer { asked in
      unsafe touched.withUnsafeMutableBufferPointer { touched in
        // SAFETY: places were dealt inside the bucket, whose pages `touched` covers.
        unsafe mrs_mark_pages(
          asked.baseAddress, asked.count, bucket, UInt32(pageEdges), touched.baseAddress)
      }
    }
  }

  /// Answers a bucket with 32-bit values.
  /// - Parameter values: What stands at every place of the bucket.
  func answer(_ bucket: Int, with values: Span<UInt32>) {
    unsafe asked.withUnsafeBufferPointer { asked in
      unsafe values.withUnsafeBufferPointer { values in
        // SAFETY: places were dealt inside the bucket, which `values` covers.
        unsafe mrs_answer(asked.baseAddress, asked.count, bucket, values.baseAddress)
      }
    }
  }

  /// Answers a bucket with lists.
  /// - Parameter listStarts: Where the list of every place of the bucket starts, and the end.
  func answer(_ bucket: Int, withLists listStarts: Span<UInt64>) {
    unsafe asked.withUnsafeBufferPointer { asked in
      unsafe listStarts.withUnsafeBufferPointer { listStarts in
        // SAFETY: places were dealt inside the bucket, which `listStarts` covers.
        unsafe mrs_answer_lists(asked.baseAddress, asked.count, bucket, listStarts.baseAddress)
      }
    }
  }
}
