import MerestoneCore
import MerestoneTestSupport
import Testing

@Suite("What control groups allow")
struct ControlGroupTests {
  @Test("a control group of version 2 limits memory, and so do the groups above it")
  func version2() throws {
    let folder = try TemporaryFolder.holding([
      "proc/self/cgroup": "0::/user/job\n",
      "sys/fs/cgroup/user/memory.max": "1000000\n",
      "sys/fs/cgroup/user/job/memory.max": "max\n",
    ])
    #expect(ControlGroup.memoryLimits(root: folder.path) == [1_000_000])
  }

  @Test("a control group of version 1 limits memory, seen from inside a container too")
  func version1() throws {
    let folder = try TemporaryFolder.holding([
      "proc/self/cgroup": "5:cpu:/x\n4:blkio,memory:/docker/abc\n",
      "sys/fs/cgroup/memory/memory.limit_in_bytes": "2000000\n",
    ])
    #expect(ControlGroup.memoryLimits(root: folder.path) == [2_000_000])
  }

  @Test("without control groups the machine's memory counts")
  func none() {
    #expect(ControlGroup.memoryLimits(root: "/nonexistent").isEmpty)
    #expect(MachineMemory.available > 1 << 26)
    #expect(MachineMemory.defaultCap == MachineMemory.available / 2)
  }
}
