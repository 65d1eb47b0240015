package import ArgumentParser

/// The `merestone` command and its subcommands.
package struct Command: ParsableCommand {
  package static let configuration = CommandConfiguration(commandName: "merestone")
  package init() {}
}
