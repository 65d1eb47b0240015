/// What the command's exit status says; scripts rely on these numbers.
enum ExitStatus: Int32 {
  case done = 0
  case failed = 1
  /// Wrong usage, `EX_USAGE`.
  case usage = 64
  /// Bad input data, `EX_DATAERR`.
  case badData = 65
  /// The disk or another device failed, `EX_IOERR`.
  case inputOutput = 74
  /// Ended by an interrupt: 128 + `SIGINT`.
  case interrupted = 130
}
