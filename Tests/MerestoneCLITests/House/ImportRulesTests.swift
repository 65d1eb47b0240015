import Foundation
import Testing

/// The layers of the house: what each target may import beside the system's own modules.
private let allowedImports: [String: Set<String>] = {
  let core: Set = ["MerestoneCore"]
  let kernels: Set = ["CMerestoneKernels"]
  let store = core.union(["MerestoneStorage"])
  return [
    "CMerestoneKernels": [],
    "CHighway": [],
    "MerestoneCore": ["CHighway"],
    "MerestoneStorage": core.union(kernels).union(["CLZ4"]),
    "MerestoneTensor": core.union(kernels).union(["COpenBLAS"]),
    "MerestoneTransport": core.union(kernels),
    "MerestoneIngest": store.union(kernels).union(["CZlib", "CZstd", "CLZ4"]),
    "MerestonePartition": store.union(kernels),
    "MerestoneSampling": store.union(kernels),
    "MerestoneNN": core.union(["MerestoneTensor"]),
    "MerestonePreprocess": store.union(kernels).union(["MerestoneIngest", "MerestonePartition"]),
    "MerestoneTraining": store.union([
      "MerestoneTensor", "MerestoneSampling", "MerestoneNN", "MerestoneTransport",
    ]),
    "Merestone": store.union(["MerestoneSampling"]),
    "MerestoneCLI": store.union([
      "MerestoneTensor", "MerestoneTransport", "MerestoneIngest", "MerestonePartition",
      "MerestoneSampling", "MerestoneNN", "MerestonePreprocess", "MerestoneTraining", "Merestone",
      "ArgumentParser",
    ]),
    "merestone": ["MerestoneCLI"],
    "MerestoneTestSupport": store,
  ]
}()

/// Modules of the toolchain and the C library, free for all but `Foundation`, which is large and
/// brings locales.
private let systemModules: Set = ["Glibc", "Synchronization", "FoundationEssentials"]

@Suite("The import rules of the house")
struct ImportRulesTests {
  @Test("hold for the dependencies that the package declares")
  func declaredDependencies() throws {
    for target in try PackageDescription.dump().targets where target.type != "test" {
      guard target.type != "system" else { continue }
      if target.path?.hasPrefix("Tests/") == true { continue }
      let allowed = try #require(
        allowedImports[target.name], "\(target.name) is missing in the table of this test")
      let surplus = Set(target.dependencyNames).subtracting(allowed)
      #expect(surplus.isEmpty, "\(target.name) may not depend on \(surplus.sorted())")
    }
  }

  @Test("hold for the imports of every source file")
  func imports() throws {
    let sources = packageRoot.appending(path: "Sources")
    var fileCount = 0
    for file in try swiftFiles(below: sources) {
      let target = file.path.dropFirst(sources.path.count + 1).prefix { $0 != "/" }
      let allowed = try #require(allowedImports[String(target)], "\(target) has no rule")
      for module in try importedModules(of: file) where !systemModules.contains(module) {
        #expect(allowed.contains(module), "\(file.path) may not import \(module)")
      }
      fileCount += 1
    }
    #expect(fileCount > 50)
  }

  private var packageRoot: URL { PackageDescription.root }

  private func swiftFiles(below folder: URL) throws -> [URL] {
    let entries = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return (entries?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
  }

  /// `package import Foo`, `@_exported public import Foo`, `import struct Foo.Bar`.
  private func importedModules(of file: URL) throws -> [String] {
    let text = try String(contentsOf: file, encoding: .utf8)
    return text.split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ").map(String.init)
      guard let position = words.firstIndex(of: "import"), position + 1 < words.count,
        words[..<position].allSatisfy({ $0.hasPrefix("@") || accessLevels.contains($0) })
      else { return nil }
      let kinds: Set = ["struct", "class", "enum", "func", "protocol", "typealias", "var", "let"]
      let name = kinds.contains(words[position + 1]) ? words[position + 2] : words[position + 1]
      return name.split(separator: ".").first.map(String.init)
    }
  }

  private let accessLevels: Set = ["public", "package", "internal", "fileprivate", "private"]
}

/// What `swift package dump-package` says.
private struct PackageDescription: Decodable {
  struct Target: Decodable {
    var name: String
    var type: String
    var path: String?
    var dependencies: [Dependency]

    var dependencyNames: [String] { dependencies.map(\.name) }
  }

  /// `{"byName": ["X", null]}`, `{"target": ["X", null]}` or `{"product": ["X", "package", ...]}`.
  struct Dependency: Decodable {
    var name: String

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      let key = try #require(container.allKeys.first)
      var list = try container.nestedUnkeyedContainer(forKey: key)
      name = try list.decode(String.self)
    }

    enum Key: String, CodingKey { case byName, target, product }
  }

  var targets: [Target]

  static var root: URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
  }

  /// Runs SwiftPM on the manifest, with a scratch folder of its own so that it waits for nobody.
  static func dump() throws -> PackageDescription {
    let scratch = FileManager.default.temporaryDirectory.appending(path: "dump-\(UUID())")
    defer { try? FileManager.default.removeItem(at: scratch) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = [
      "swift", "package", "--package-path", root.path, "--scratch-path", scratch.path,
      "dump-package",
    ]
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return try JSONDecoder().decode(PackageDescription.self, from: data)
  }
}
