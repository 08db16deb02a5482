import ArgumentParser
import Glibc
import HyperoCommandLine
import HyperoCore
import HyperoQuery

/// The options that end a watched result, and its start.
struct WatchOptions: ParsableArguments {
    @Option(
        name: .customLong("for"),
        help: ArgumentHelp("End after this time: 30, 30s, 5m, 2h or 1d. (default: never)", valueName: "time"))
    var duration: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("End after this number of lines. (default: never)", valueName: "n"))
    var count: Int?

    /// The option that is given; nil if none is.
    var given: String? { count != nil ? "--count" : duration != nil ? "--for" : nil }

    /// Returns the end that the options state.
    func end() throws -> SessionEnd {
        var end = SessionEnd()
        if let duration {
            guard let milliseconds = FilterDuration.milliseconds(in: duration), milliseconds > 0 else {
                throw ValidationError("--for must be a time such as 30, 30s, 5m, 2h or 1d, not '\(duration)'")
            }
            end.time = .now + .milliseconds(milliseconds)
        }
        if let count {
            guard count > 0 else { throw ValidationError("--count must be at least 1, not \(count)") }
            end.count = count
        }
        return end
    }

    /// True if standard output is a terminal that can show a screen.
    static func isScreen(_ output: OutputOptions) -> Bool {
        output.format == .table && StandardStream.output.terminalColumns != nil
    }

    /// Checks the options that do not fit together.
    static func checkRequirements(_ output: OutputOptions, command: String) throws {
        guard output.format != .csv else {
            throw MissingArgument("\(command) has no --format csv. Use --format json, or --format table")
        }
    }

    /// Reads a result once, and starts the thread that waits for its changes.
    ///
    /// - Throws: the error of the query, before anything is shown.
    static func start(_ subject: WatchSubject, in store: Store, request: WatchRequest) throws -> WatchMailbox {
        let mailbox = try WatchMailbox(request)
        try WatchFeed(of: store, subject, mailbox).startThread()
        return mailbox
    }
}
