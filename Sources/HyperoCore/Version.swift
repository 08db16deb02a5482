/// The version of hypero, which `--version` of every command prints.
package enum HyperoVersion {
    package static let current = "0.1.0"

    /// True if `--version` is the only argument of this process.
    ///
    /// For commands whose option `--version` selects a battery's version. If such a command sets `CommandConfiguration.version`,
    /// ArgumentParser prints the version instead of the error for any invalid option beside `--version 2`.
    package static var isRequested: Bool { CommandLine.arguments.dropFirst().elementsEqual(["--version"]) }
}
