import FoundationEssentials
import Glibc
import MerestoneCLI

exit(
  Command.run(
    Array(CommandLine.arguments.dropFirst()),
    in: Context(
      output: .process, environment: ProcessInfo.processInfo.environment,
      programName: CommandLine.arguments.first ?? "merestone", interrupts: Interrupts())))
