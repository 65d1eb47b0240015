// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "merestone-benchmarks",
  dependencies: [.package(name: "merestone", path: "..")],
  targets: [
    .executableTarget(
      name: "merestone-benchmark",
      dependencies: [.product(name: "Merestone", package: "merestone")],
      swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)])
  ]
)
