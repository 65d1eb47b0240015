import Foundation
import MerestoneCLI
import MerestoneTestSupport
import Testing

@Suite("The program that workers run")
struct WorkerProgramTests {
  @Test("the worker program is found by its path, through PATH, or by the variable")
  func workerProgram() throws {
    let folder = try TemporaryFolder.holding([
      "bin/tool": "#!/bin/sh\n", "bin/plain": "no program\n",
    ])
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: folder.file("bin/tool"))
    func path(_ name: String, _ environment: [String: String]) -> String? {
      try? WorkerProgram.path(
        in: Context(output: .captured, environment: environment, programName: name))
    }
    let tool = folder.file("bin/tool")
    #expect(path(tool, [:]) == tool)
    #expect(path("tool", ["PATH": "/nonexistent:\(folder.file("bin"))"]) == tool)
    #expect(path("other", ["MERESTONE_WORKER_EXECUTABLE": tool]) == tool)
    #expect(path("plain", ["PATH": folder.file("bin")]) == nil)
    #expect(path(folder.file("bin"), [:]) == nil)
    #expect(path("tool", [:]) == nil)
  }
}
