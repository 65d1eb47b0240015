// What the transport tests start: as a worker (`reduce`, `barriers`, `spin`, ...) or as a parent
// that is itself to be killed (`parent`, `hygiene`).
import FoundationEssentials
@preconcurrency import Glibc
import MerestoneTransport

let arguments = CommandLine.arguments
let mode = arguments.count > 1 ? arguments[1] : ""

func number(_ position: Int) -> Int { Int(arguments[position])! }

do {
  switch mode {
  case "parent": try Parent.superviseAndPrint(arguments: Array(arguments.dropFirst(2)))
  case "hygiene": try Parent.checkHygiene(runs: number(2))
  default: Worker(try LocalTransport.attach()).run()
  }
} catch {
  fputs("\(error)\n", stderr)
  exit(1)
}
