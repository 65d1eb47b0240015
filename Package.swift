// swift-tools-version: 6.2
import PackageDescription

/// Settings shared by every Swift target: the house rules that the compiler checks.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// Tests check unsafe code from outside; they keep the language rules but not the unsafe audit.
let testSettings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
]

/// One library target of the house: its name and the targets that it may import.
func module(_ name: String, _ dependencies: Target.Dependency...) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

/// The test target of one module.
func tests(of name: String, _ dependencies: Target.Dependency...) -> Target {
  .testTarget(
    name: "\(name)Tests",
    dependencies: [.target(name: name), "MerestoneTestSupport"] + dependencies,
    swiftSettings: testSettings)
}

let package = Package(
  name: "merestone",
  products: [
    .library(name: "Merestone", targets: ["Merestone"]),
    .executable(name: "merestone", targets: ["merestone"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2")
  ],
  targets: [
    // Layer 0: C kernels and system libraries.
    .target(
      name: "CMerestoneKernels",
      cSettings: [.unsafeFlags(["-O3"])]),
    .target(
      name: "CHighway",
      linkerSettings: [.linkedLibrary("hwy_contrib"), .linkedLibrary("hwy")]),
    .systemLibrary(name: "CLZ4", pkgConfig: "liblz4", providers: [.apt(["liblz4-dev"])]),
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),

    // Layer 1.
    module("MerestoneCore", "CHighway"),

    // Layer 2.
    module("MerestoneStorage", "MerestoneCore", "CLZ4", "CMerestoneKernels"),
    module("MerestoneTensor", "MerestoneCore", "COpenBLAS", "CMerestoneKernels"),
    module("MerestoneTransport", "MerestoneCore", "CMerestoneKernels"),

    // Layer 3.
    module(
      "MerestoneIngest",
      "MerestoneCore", "MerestoneStorage", "CLZ4", "CZlib", "CZstd", "CMerestoneKernels"),
    module("MerestonePartition", "MerestoneCore", "MerestoneStorage", "CMerestoneKernels"),
    module("MerestoneSampling", "MerestoneCore", "MerestoneStorage", "CMerestoneKernels"),
    module("MerestoneNN", "MerestoneCore", "MerestoneTensor"),

    // Layer 4.
    module(
      "MerestonePreprocess",
      "MerestoneCore", "MerestoneStorage", "MerestoneIngest", "MerestonePartition",
      "CMerestoneKernels"),
    module(
      "MerestoneTraining",
      "MerestoneCore", "MerestoneStorage", "MerestoneTensor", "MerestoneSampling", "MerestoneNN",
      "MerestoneTransport"),

    // Layer 5.
    module("Merestone", "MerestoneCore", "MerestoneStorage", "MerestoneSampling"),

    // Layer 6.
    module(
      "MerestoneCLI",
      "MerestoneCore", "MerestoneStorage", "MerestoneTensor", "MerestoneTransport",
      "MerestoneIngest", "MerestonePartition", "MerestoneSampling", "MerestoneNN",
      "MerestonePreprocess", "MerestoneTraining", "Merestone",
      .product(name: "ArgumentParser", package: "swift-argument-parser")),
    .executableTarget(
      name: "merestone", dependencies: ["MerestoneCLI"], swiftSettings: settings),

    // Tests.
    .target(
      name: "MerestoneTestSupport", dependencies: ["MerestoneCore", "MerestoneStorage"],
      path: "Tests/MerestoneTestSupport", swiftSettings: testSettings),
    tests(of: "MerestoneCore"),
    tests(of: "MerestoneStorage", "MerestoneCore", "CMerestoneKernels"),
    tests(of: "MerestoneTensor", "MerestoneCore", "CMerestoneKernels"),
    tests(of: "MerestoneTransport", "MerestoneCore", "merestone-transport-probe"),
    // What the transport tests start as workers and as a parent to be killed.
    .executableTarget(
      name: "merestone-transport-probe", dependencies: ["MerestoneCore", "MerestoneTransport"],
      path: "Tests/merestone-transport-probe", swiftSettings: testSettings),
    tests(
      of: "MerestoneIngest",
      "MerestoneCore", "MerestoneStorage", "CLZ4", "CZstd", "CMerestoneKernels"),
    tests(of: "MerestonePartition", "MerestoneCore", "MerestoneStorage"),
    tests(of: "MerestoneSampling", "MerestoneCore", "MerestoneStorage", "CMerestoneKernels"),
    tests(of: "MerestoneNN", "MerestoneCore", "MerestoneTensor"),
    tests(
      of: "MerestonePreprocess",
      "MerestoneCore", "MerestoneStorage", "MerestoneIngest", "MerestonePartition"),
    tests(
      of: "MerestoneTraining",
      "MerestoneCore", "MerestoneStorage", "MerestoneTensor", "MerestoneSampling", "MerestoneNN",
      "MerestoneTransport"),
    // Feeds changed inputs to every reader for a given time; no part of the product.
    .executableTarget(
      name: "merestone-fuzz",
      dependencies: [
        "MerestoneCore", "MerestoneStorage", "MerestoneIngest", "MerestonePartition",
        "MerestonePreprocess", "MerestoneSampling", "MerestoneTestSupport",
      ],
      path: "Tests/merestone-fuzz", swiftSettings: testSettings),
    .executableTarget(
      name: "merestone-quickstart", dependencies: ["Merestone"], path: "Tests/Quickstart",
      swiftSettings: testSettings),
    tests(of: "Merestone", "MerestoneStorage", "merestone-quickstart"),
    tests(of: "MerestoneCLI", "MerestoneCore", "MerestoneStorage", "Merestone", "merestone"),
  ],
  cLanguageStandard: .gnu17,
  cxxLanguageStandard: .gnucxx17
)
