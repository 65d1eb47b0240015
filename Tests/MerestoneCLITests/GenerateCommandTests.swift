import MerestoneTestSupport
import Testing

@Suite("merestone generate")
struct GenerateCommandTests {
  @Test("help pages are as they were looked at")
  func help() throws {
    try expectSnapshot("help-generate", merestone("generate", "--help").output)
    for name in ["communities", "kronecker"] {
      try expectSnapshot("help-generate-\(name)", merestone("generate", name, "--help").output)
    }
  }

  @Test("what it writes can be preprocessed with the command that it names")
  func chain() throws {
    let folder = TemporaryFolder()
    for (name, flags) in [
      ("communities", ["--nodes", "60", "--classes", "3", "--features", "4"]),
      ("kronecker", ["--scale", "6", "--edge-factor", "4"]),
    ] {
      let raw = folder.file(name)
      let run = merestone(["generate", name, "--out", raw, "--quiet"] + flags)
      #expect(run.status == 0, "\(run.notes)")
      let line = try #require(run.output.split(separator: "\n").last)
      let command = line.split(separator: " ").dropFirst().map(String.init).map {
        $0 == "GRAPH" ? folder.file("\(name).graph") : $0
      }
      let next = merestone(command + ["--quiet"])
      #expect(next.status == 0, "\(next.notes)")
      let nodes = name == "communities" ? "60 nodes" : "64 nodes"
      #expect(next.output.contains(nodes))
    }
  }

  @Test("bad parameters exit with 64 and write nothing")
  func badUsage() {
    let folder = TemporaryFolder()
    for arguments in [
      ["kronecker", "--scale", "0"], ["kronecker", "--scale", "99"],
      ["communities", "--nodes", "0"],
      ["communities", "--homophily", "2"],
    ] {
      let run = merestone(["generate"] + arguments + ["--out", folder.file("raw"), "--quiet"])
      #expect(run.status == 64, "\(arguments): \(run.notes)")
      #expect(folder.names.isEmpty)
    }
  }
}
