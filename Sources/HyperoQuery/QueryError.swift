import HyperoRedis
import HyperoSchema

/// A query that failed.
///
/// ``code`` names the error and carries its data, and ``category`` groups the errors that a caller handles alike. The
/// description is one message without secrets. It names no option of a command: a command adds such advice itself.
///
///     do {
///         board = try store.leaderboard(of: "digits mlp", version: 7)
///     } catch {
///         if case .versionNotFound(_, _, let existing) = error.code { print("choose one of", existing) }
///     }
public struct QueryError: Error, Sendable, Hashable {
    /// The error with its data.
    public enum Code: Sendable, Hashable {
        /// No battery has this name or id.
        case batteryNotFound(String, suggestion: Suggestion)
        /// The battery does not have this version. `existing` has its versions, ascending.
        case versionNotFound(Int, battery: String, existing: [Int])
        /// No search has this id.
        case searchNotFound(String, suggestion: Suggestion)
        /// The id is not one of a trial of a search.
        case notATrial(String)
        /// No experiment of the battery ever had a value of this channel.
        case channelNotFound(String, suggestion: Suggestion)
        /// None of the chosen experiments has a learning curve of this channel.
        case curveNotFound(String, suggestion: Suggestion)
        /// No experiment of the battery ever had a field of this name.
        case columnNotFound(String, suggestion: Suggestion)
        /// The channel of this name is in learning curves only: no experiment has a value of it at its best epoch.
        case columnOnlyInCurves(String, channel: String)
        /// The name is that of a learning curve, which is no column. The value of the channel at the best epoch is one.
        case columnIsCurve(String, channel: String)
        /// No experiment has this id or an id with this prefix.
        case experimentNotFound(String, suggestion: Suggestion)
        /// An operator deleted the experiment at this time, in Unix milliseconds.
        case experimentDeleted(String, time: Int64)
        /// The text can be neither an experiment's id nor a prefix of one.
        case invalidExperimentID(String)
        /// Several experiments have ids with this prefix. `matches` has some of the ids, sorted.
        case ambiguousExperiment(String, matches: [String])
        /// The experiments of a battery were deleted while they were read.
        case deletedMeanwhile(battery: String)
        /// An argument is out of its range or malformed.
        case invalidArgument(reason: String)
        /// A filter does not fit the fields of the experiments.
        case invalidFilter(FilterError)
        /// The connection to Redis failed.
        case unreachable(reason: String)
        /// The server and the program do not accept the certificates of each other, or a file with certificates cannot be read.
        case tlsFailed(reason: String)
        /// The server cannot answer yet, for example because it loads its data set.
        case notReady(reason: String)
        /// Some partitions do not answer, and the query needs all.
        case incomplete([LeftOutPartition])
        /// The partitions that answer do not have a name, but others do not answer. `reason` is the error of those that answer.
        case notFoundInPart(reason: String)
        /// Events wait that may change the result, and the query must not go without them.
        case notUpToDate(reason: String)
        /// The URL names a Sentinel, which has no keys.
        case isSentinel(_ url: String)
        /// The account must not run a command or read a key.
        case permissionDenied(reason: String)
        /// Authentication failed. `reason` says where the password is set, or that none is.
        case loginFailed(reason: String)
        /// The server refused a command, and would refuse it again.
        case refused(reason: String)
    }

    /// A group of errors that a caller handles alike.
    public enum Category: Sendable, Hashable, CaseIterable {
        /// The battery, version, channel, column or experiment does not exist.
        case notFound
        /// Several experiments match.
        case ambiguous
        /// An argument is not allowed.
        case invalid
        /// Redis is not reachable or not ready.
        case unreachable
        /// Redis denies access.
        case denied
        /// Redis refuses the command.
        case refused
    }

    /// The error with its data.
    public let code: Code
    /// The malformed values that were left out before the query failed, one sentence each. They may be the cause: a battery
    /// whose hash is missing is not found.
    public let warnings: [String]

    init(_ code: Code, warnings: [String] = []) {
        self.code = code
        self.warnings = warnings
    }

    /// Creates the error for a failed command or connection.
    ///
    /// - Parameters:
    ///   - error: the error of the server or the connection.
    ///   - server: the server, which the message names unless the text of the error names it already.
    init(_ error: RedisError, server: RedisURL) {
        // Redis ends some errors with a full stop. The server or advice may follow in the message.
        let text = error.description.hasSuffix(".") ? String(error.description.dropLast()) : error.description
        var reason = text.contains(server.description) ? text : "\(text) (\(server))"
        if error.code == .tooManyClients { reason += ". Raise maxclients, and the limit of open files of Redis" }
        code =
            switch error.category {
            // An account would not help.
            case .denied where error.code == .tls: .tlsFailed(reason: reason)
            case .denied where [.untrustedRedirect, .noPrimary].contains(error.code): .unreachable(reason: reason)
            case .denied where error.code == .noPermission: .permissionDenied(reason: reason)
            case .denied: .loginFailed(reason: reason)
            case .connection: .unreachable(reason: reason)
            case .transient, .migrating, .moved, .elsewhere: .notReady(reason: reason)
            case .refused: .refused(reason: reason)
            }
        warnings = []
    }

    /// The group of the error.
    public var category: Category {
        switch code {
        case .batteryNotFound, .versionNotFound, .searchNotFound, .notATrial, .channelNotFound, .curveNotFound,
            .columnNotFound, .columnOnlyInCurves,
            .columnIsCurve, .experimentNotFound, .experimentDeleted, .invalidExperimentID, .deletedMeanwhile:
            .notFound
        case .ambiguousExperiment: .ambiguous
        case .invalidArgument, .invalidFilter: .invalid
        case .unreachable, .tlsFailed, .notReady, .incomplete, .notFoundInPart, .notUpToDate, .isSentinel: .unreachable
        case .permissionDenied, .loginFailed: .denied
        case .refused: .refused
        }
    }
}

extension QueryError: CustomStringConvertible {
    /// The message, without secrets and without a full stop at its end.
    public var description: String {
        switch code {
        case .batteryNotFound(let name, let suggestion):
            "battery not found: " + suggestion.text(for: name, ifNoneExists: "no battery is declared yet")
        case .versionNotFound(let version, let battery, let existing):
            "version not found: \(version), battery '\(printable(battery))' has "
                + existing.map(String.init).joined(separator: ", ")
        case .searchNotFound(let id, let suggestion):
            "search not found: " + suggestion.text(for: id, ifNoneExists: "no search is declared yet")
        case .notATrial(let id):
            "trial not found: '\(printable(id))', the id of a trial is that of its search and its number, such as s3f09c1aa-41"
        case .channelNotFound(let channel, let suggestion):
            "channel not found: " + suggestion.text(for: channel, ifNoneExists: "no experiment has maxima yet")
        case .curveNotFound(let channel, let suggestion):
            "channel not found: "
                + suggestion.text(for: channel, ifNoneExists: "the experiments have no learning curves")
        case .columnNotFound(let column, let suggestion):
            "column not found: " + suggestion.text(for: column, ifNoneExists: "no experiment has columns yet")
        case .columnOnlyInCurves(let column, _):
            "column not found: '\(printable(column))', no experiment has this channel at its best epoch"
        case .columnIsCurve(let column, let channel):
            "column not found: '\(printable(column))', a learning curve is not a column. Did you mean "
                + "'\(printable(Prefix.max + channel))', the value at the best epoch?"
        case .experimentNotFound(let id, let suggestion):
            "experiment not found: " + suggestion.text(for: id, ifNoneExists: "no id has this prefix")
        case .experimentDeleted(let id, let time):
            "experiment not found: '\(printable(id))', it was deleted at \(dateText(time))"
        case .invalidExperimentID(let id):
            "experiment not found: '\(printable(id))', an id must have 1 to 64 characters of a-z 0-9 -"
        case .ambiguousExperiment(let prefix, let matches):
            "experiment is ambiguous: '\(printable(prefix))', a prefix of "
                + matches.prefix(5).joined(separator: ", ") + (matches.count > 5 ? " and more" : "")
        case .deletedMeanwhile(let battery):
            "battery deleted: '\(printable(battery))', while it was read, so the result is not complete"
        case .invalidArgument(let reason): reason
        case .invalidFilter(let error): "invalid filter: \(error)"
        case .unreachable(let reason), .tlsFailed(let reason): "Redis is not reachable: \(reason)"
        case .notReady(let reason): "Redis is not ready: \(reason). Try again in a moment"
        case .incomplete(let partitions):
            "not all partitions answer: " + partitions.sentences.joined(separator: ". ")
        case .notFoundInPart(let reason): "not all partitions answer: \(reason)"
        case .notUpToDate(let reason): "not up to date: \(reason)"
        case .isSentinel(let url):
            "\(url) is a Sentinel, not a Redis server. Give redis\(url.hasPrefix("rediss:") ? "s" : "")+sentinel://\(url.split(separator: "/").dropFirst().first ?? "")/NAME"
        case .permissionDenied(let reason), .loginFailed(let reason): "permission denied: \(reason)"
        case .refused(let reason): "Redis refused a command: \(reason)"
        }
    }
}
