/// What an answer is written as.
package enum OutputFormat: String, Sendable, CaseIterable {
    /// For people; it may change.
    case table
    /// One object a line; the contract for programs.
    case json
    /// RFC 4180, with a header.
    case csv
}
