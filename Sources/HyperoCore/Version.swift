/// The version of hypero, which `--version` of every command prints.
package enum HyperoVersion {
    package static let current = "0.1.0"
}
