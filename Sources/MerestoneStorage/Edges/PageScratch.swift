/// Buffers that one thread lends to page reads: about 64 KiB, reused from page to page.
///
/// It also remembers the page that ``EdgeStore/copySources(of:into:scratch:)`` decoded last, so
/// that lists read one after the other decode each page once.
package struct PageScratch {
  /// A decompressed page before its planes are joined.
  var planes: [UInt8]

  /// The ids of the remembered page.
  var ids: [UInt64] = []

  /// Where the remembered page comes from.
  var store: EdgeStore?
  var page = -1

  package init() { self.init(planeBytes: PageCodec.maximumBytes) }

  /// For pages that need no planes.
  init(planeBytes: Int) { planes = [UInt8](repeating: 0, count: planeBytes) }
}
