import ArgumentParser

/// `--seed`.
struct SeedOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Seed of all randomness; equal seeds give equal results.", valueName: "number"))
  var seed: UInt64 = 1
}

/// `--json`.
struct JSONOptions: ParsableArguments {
  @Flag(help: "Print one JSON object instead of text.")
  var json = false
}

/// `--quiet`.
struct ProgressOptions: ParsableArguments {
  @Flag(name: [.short, .long], help: "Show no progress; warnings and errors only.")
  var quiet = false

  func progress(in context: Context) -> ConsoleProgress {
    ConsoleProgress(context.output.notes, isQuiet: quiet)
  }
}
