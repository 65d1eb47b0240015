import ArgumentParser
import MerestoneCore

/// `--memory` and `--threads`.
struct ResourceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Memory to use at most, such as 512MiB or 4GiB.",
      discussion: "Default: half of what the machine or the control group has.",
      valueName: "bytes"),
    transform: Self.byteCount)
  var memory: ByteCount?

  @Option(
    help: ArgumentHelp(
      "Threads to use; results are the same for any number.",
      discussion: "Default: one per processor.", valueName: "n"))
  var threads: Int?

  var memoryCap: ByteCount { memory ?? MemoryLimit.defaultCap }

  var threadCount: Int { threads ?? ThreadPool.availableProcessors }

  private static func byteCount(_ argument: String) throws -> ByteCount {
    guard let count = ByteCount(argument) else {
      throw ValidationError("'\(argument)' is not a number of bytes; write 512MiB or 4GiB.")
    }
    return count
  }

  func validate() throws {
    if let threads, !(1...4096).contains(threads) {
      throw ValidationError("--threads \(threads): use 1 to 4096 threads.")
    }
    if let memory, memory.bytes == 0 {
      throw ValidationError("--memory 0: give at least some memory, such as 1GiB.")
    }
  }
}
