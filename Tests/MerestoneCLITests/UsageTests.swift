import MerestoneCLI
import Testing

@Suite("Usage of the command")
struct UsageTests {
  @Test("--version prints the version to standard output")
  func version() {
    let run = merestone("--version")
    #expect(run.status == 0)
    #expect(run.output == "merestone \(Command.version)\n")
    #expect(run.notes == "")
  }

  @Test("without a subcommand the help page names the commands and the exit statuses")
  func overview() {
    let run = merestone()
    #expect(run.status == 0)
    #expect(run.output.contains("USAGE: merestone <subcommand>"))
    #expect(run.output.contains("64 wrong usage, 65 bad input data"))
  }

  @Test("an unknown command or flag exits with 64 and says where to look")
  func unknown() {
    for arguments in [["fly"], ["inspect"], ["inspect", "g", "--wings"]] {
      let run = merestone(arguments)
      #expect(run.status == 64)
      #expect(run.output == "")
      #expect(run.notes.hasPrefix("merestone: error: "))
      #expect(run.notes.contains("--help' for more information."))
    }
  }

  @Test("every command has a help page with an explanation and an example")
  func help() {
    for name in Command.subcommandNames {
      let run = merestone("help", name)
      #expect(run.status == 0)
      #expect(run.output.contains("EXAMPLE"), "\(name) has no example")
      #expect(run.output == merestone(name, "--help").output)
      for line in run.output.split(separator: "\n") {
        #expect(line.count <= 80, "\(name): \(line)")
      }
    }
  }

  @Test("a directory that is no graph exits with 65 and says how to make one")
  func notAGraph() {
    let run = merestone("inspect", "/nonexistent/graph")
    #expect(run.status == 65)
    #expect(
      run.notes == """
        merestone: error: /nonexistent/graph is not a graph: it has no manifest.json; make one \
        with `merestone preprocess EDGES --out /nonexistent/graph`

        """)
  }
}
