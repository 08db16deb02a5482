import Foundation
import HyperoIngest
import HyperoRedis
import HyperoSchema
import Logging
import Synchronization
import TestSupport
import Testing

/// A server with accounts, and the log of the ingests of this process.
final class AccountFixture: Sendable {
    let server: RedisServer
    let log = LogLines()

    /// The password of all accounts.
    static let password = "acht%Worte/und: eins"

    init() throws {
        server = try RedisServer(appendOnly: false)
    }

    /// The URL of an account, with its password.
    func url(of user: String) -> String {
        server.url.replacing("unix://", with: "unix://\(user):acht%25Worte%2Fund%3A eins@")
    }

    /// Creates an account with some rules, or gives an existing one these rules instead of its own.
    func setAccount(_ user: String, _ rules: [String]) {
        let digest = SHA256.hexDigest(of: Self.password.utf8)
        #expect(server.cli(["ACL", "SETUSER", user, "reset", "on", "#\(digest)", "resetchannels"] + rules) == "OK")
    }

    /// Returns the commands and keys that the server has denied, and forgets them.
    func takeDenials() -> Set<String> {
        let lines = server.cli("ACL", "LOG").split(separator: "\n").map(String.init)
        server.cli("ACL", "LOG", "RESET")
        return Set(zip(lines, lines.dropFirst()).filter { $0.0 == "object" }.map(\.1))
    }

    /// Runs commands of the form `name argument …` without quotes, over one connection.
    func run(_ commands: [[String]]) throws {
        var connection = try RedisConnection.open(to: RedisURL(server.url), name: "test", timeout: .seconds(60))
        var writer = RESPWriter()
        for command in commands {
            writer.begin(arguments: command.count)
            for argument in command { writer.add(argument) }
        }
        try connection.send(writer)
        for command in commands {
            if let error = try connection.receive().error { throw TestFailure("\(command): \(error)") }
        }
    }

    /// Returns an ingest of this process.
    func ingest(as user: String, namespace: String = "hypero", isDraining: Bool = true) throws -> Ingest {
        var settings = IngestSettings(redis: try RedisURL(url(of: user)))
        settings.namespace = namespace
        settings.retain = 0
        settings.isDraining = isDraining
        settings.leaseDuration = .milliseconds(100)
        return try Ingest(settings, logger: Logger(label: "test") { [log] _ in log.handler })
    }
}

/// The lines of a log.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])

    var handler: any LogHandler { Handler(lines: self) }

    /// Returns the lines, and forgets them.
    func take() -> String {
        lines.withLock { lines in
            defer { lines.removeAll() }
            return lines.joined(separator: "\n")
        }
    }

    private struct Handler: LogHandler {
        let lines: LogLines
        var logLevel = Logger.Level.info
        var metadata = Logger.Metadata()

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { lines.lines.withLock { $0.append("\(event.message)") } }
    }
}

extension AccountRules {
    /// Returns the rules without one of them.
    func without(_ rule: String) -> [String] { rules.filter { $0 != rule } }

    /// True if a program of the role fails without a rule.
    func requires(_ rule: String) -> Bool { rights(of: rule).contains { $0.need == .required } }
}
