import Testing

@testable import MerestonePreprocess

@Suite struct EdgeGroupTests {
  @Test("edges are spread evenly over the buckets in which equal ones meet")
  func spreadsBuckets() {
    let bucketCount = 69
    var sizes = [Int](repeating: 0, count: bucketCount)
    for source in 0..<200 as Range<UInt32> {
      for destination in 0..<200 as Range<UInt32> {
        let hash = EdgeGroup.hash(source, destination)
        sizes[EdgeGroup.bucket(ofHash: hash ^ hash >> 32, count: bucketCount)] += 1
      }
    }
    let mean = 40_000 / bucketCount
    #expect(sizes.allSatisfy { $0 > mean / 2 && $0 < mean * 2 })
  }
}
