import Foundation

/// What this process has in memory.
public enum ResidentMemory {
  /// What is resident of a mapped file, in KiB.
  public static func kilobytes(of path: String) throws -> Int {
    let path = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    // Its size is said to be 0.
    let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: "/proc/self/smaps"))
    let text = String(decoding: try file.readToEnd() ?? Data(), as: UTF8.self)
    var isInside = false
    var sum = 0
    for line in text.split(separator: "\n") {
      let fields = line.split(separator: " ", omittingEmptySubsequences: true)
      if fields[0].contains("-") {
        isInside = line.hasSuffix(path)
      } else if isInside, fields[0] == "Rss:" {
        sum += Int(fields[1]) ?? 0
      }
    }
    return sum
  }
}
