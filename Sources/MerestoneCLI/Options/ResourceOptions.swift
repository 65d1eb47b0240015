import ArgumentParser
import MerestoneCore

/// `--memory`.
struct MemoryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Memory to use at most, such as 512MiB or 4GiB. Default: half of what there is.",
      valueName: "bytes"),
    transform: Self.byteCount)
  var memory: ByteCount?

  /// What was asked for, or half of what the machine or the control group has.
  var cap: ByteCount { memory ?? ByteCount(MachineMemory.defaultCap) }

  private static func byteCount(_ argument: String) throws -> ByteCount {
    guard let count = ByteCount(argument) else {
      throw ValidationError("'\(argument)' is not a number of bytes; write 512MiB or 4GiB.")
    }
    return count
  }

  func validate() throws {
    if let memory, memory.bytes == 0 {
      throw ValidationError("--memory 0: give at least some memory, such as 1GiB.")
    }
  }
}

/// `--threads`.
struct ThreadOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Threads to use; results are the same for any number. Default: one per processor.",
      valueName: "n"))
  var threads: Int?

  var count: Int { threads ?? ThreadPool.availableProcessors }

  func validate() throws {
    if let threads, !(1...4096).contains(threads) {
      throw ValidationError("--threads \(threads): use 1 to 4096 threads.")
    }
  }
}
