/// Whether to colour.
package enum ColorChoice: String, Sendable, CaseIterable {
    /// On a terminal that can, unless `NO_COLOR` is set.
    case auto
    /// Also into a file or a pipe.
    case always
    /// Nowhere.
    case never
}
