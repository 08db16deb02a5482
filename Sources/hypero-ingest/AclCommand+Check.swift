import ArgumentParser
import HyperoCommandLine
import HyperoCore
import HyperoIngest
import HyperoRedis
import HyperoSchema

extension AclCommand {
    /// Prints what an account lacks. Ends the command with 2 if it lacks a right that it needs.
    func printLacks(of rules: AccountRules, _ settings: IngestSettings) throws {
        deployment.server.warn(as: .ingest)
        let keyspaces = try Keyspace.all(namespace: settings.namespace, partitions: settings.partitions)
        let report: AccountCheck.Report
        do {
            report = try AccountCheck(settings.redis, rules: rules, keyspaces: keyspaces).run(user: user)
        } catch {
            printError(Self.message(of: error))
            throw ExitCode.failure
        }
        let last = keyspaces.count > 1 ? " and \(keyspaces[keyspaces.count - 1].tag)" : ""
        let account = report.user.map { "account \(printable($0))" } ?? "the account of the URL"
        var lines = [
            "\(account) on \(report.server.serverURL): role \(rules.role.rawValue)"
                + (rules.role.isOfRedis ? "" : ", keys of \(keyspaces[0].tag)\(last)")
        ]
        lines += report.lacks.map { "lacks \($0.rule): \($0.right.consequence)" }
        if report.lacks.isEmpty {
            lines.append("nothing lacks")
        } else {
            lines.append(
                "to grant it: ACL SETUSER \(printable(report.user ?? "NAME")) \(report.grant.joined(separator: " "))")
        }
        try printText(lines.joined(separator: "\n") + "\n")
        if report.method == .trial {
            printError(
                "note: the commands were tried, without changes, because the account must not run ACL DRYRUN or Redis is "
                    + "older than 7.0")
        }
        let isComplete = report.lacks.allSatisfy { if case .occasional = $0.right.need { true } else { false } }
        guard isComplete else { throw ExitCode(2) }
    }

    private static func message(of failure: AccountCheck.Failure) -> String {
        switch failure {
        case .otherUser(let user, let reason):
            "cannot check the account '\(user)': \(reason). Log in as this account, or as one that may run ACL DRYRUN of Redis "
                + "7.0"
        case .untried(let user, let reason):
            "cannot check the account\(user.map { " '\(printable($0))'" } ?? ""): \(reason). Its commands would change the server, so "
                + "that they are not tried: log in as an account that may run ACL DRYRUN of Redis 7.0, such as that of acl --role "
                + "admin, and give --user"
        case .redis(let error): "cannot check the account: \(error.description)"
        }
    }

    /// Returns the SHA-256 of the first line of a file.
    ///
    /// - Parameter path: the path; `-` for standard input.
    static func digest(ofFile path: String) throws -> String {
        do {
            return SHA256.hexDigest(of: try PasswordFile(path).password())
        } catch {
            printError("cannot read the password: \(printable(path)), \(error.reason)")
            throw ExitCode.failure
        }
    }
}
