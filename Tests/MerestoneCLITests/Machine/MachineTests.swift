import Foundation
import MerestoneCLI
import MerestoneTestSupport
import Testing

@Suite("What the machine allows")
struct MachineTests {
  private func folder(_ files: [String: String]) throws -> TemporaryFolder {
    let folder = TemporaryFolder()
    for (path, text) in files {
      let url = URL(filePath: folder.file(path))
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: url, atomically: true, encoding: .utf8)
    }
    return folder
  }

  @Test("a control group of version 2 limits memory, and so do the groups above it")
  func version2() throws {
    let folder = try folder([
      "proc/self/cgroup": "0::/user/job\n",
      "sys/fs/cgroup/user/memory.max": "1000000\n",
      "sys/fs/cgroup/user/job/memory.max": "max\n",
    ])
    #expect(MemoryLimit.controlGroupLimits(root: folder.path) == [1_000_000])
    #expect(MemoryLimit.available(root: folder.path) == 1_000_000)
  }

  @Test("a control group of version 1 limits memory, seen from inside a container too")
  func version1() throws {
    let folder = try folder([
      "proc/self/cgroup": "5:cpu:/x\n4:blkio,memory:/docker/abc\n",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "2000000\n",
    ])
    #expect(MemoryLimit.controlGroupLimits(root: folder.path) == [2_000_000])
  }

  @Test("without control groups the machine's memory counts")
  func none() throws {
    #expect(MemoryLimit.available(root: "/nonexistent") > 1 << 26)
  }

  @Test("the worker program is found by its path, through PATH, or by the variable")
  func workerProgram() throws {
    let folder = try folder(["bin/tool": "#!/bin/sh\n", "bin/plain": "no program\n"])
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
