import ArgumentParser
import Glibc
import HyperoCommandLine
import HyperoCore
import HyperoIngest
import HyperoRedis
import HyperoSchema

struct AclCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "acl",
        abstract: "Print the Redis account of each role, or check an account.",
        usage: """
            hypero-ingest acl [<options>] [--role <role>] ...
            hypero-ingest acl [<options>] --check --role <role>
            """,
        discussion: """
            Prints one ACL SETUSER line per role, for the keys of this namespace and these partitions, with exactly the \
            rights that the programs of the role use. A line replaces all rights of the account. Print the lines again \
            after an upgrade, and after a change of the number of partitions. Redis does not copy accounts to replicas, \
            nor to the other nodes of a cluster: run the lines on each server, and keep them with ACL SAVE or, printed \
            with --aclfile, in the file of the setting aclfile. Log in as admin, and switch the default account off last, \
            by ACL SETUSER default off and ACL SAVE.

            ROLES:
            \(roles)

            A password belongs neither in a command line nor in the history of a shell, so that Redis refuses the lines \
            as they are: \(AccountRules.passwordPlaceholder) stands for # and the SHA-256 of the password. \
            --password-file fills it in.

            --check asks the server whether the account of --redis has the rights, by ACL DRYRUN. If the account must \
            not run that, or with Redis 6.2, each command is tried in a form that changes nothing, and ACL LOG lists \
            those that are refused. The roles replica, sentinel and admin need ACL DRYRUN. With --user, an account that may run ACL DRYRUN checks another one. Only the server \
            that answers is checked, and the first and the last partition.

            EXAMPLES, with the Redis server of Scripts/demo:
              export HYPERO_REDIS=unix://$PWD/.demo/redis.sock
              hypero-ingest acl --partitions 4
              hypero-ingest acl --role training --explain
              head -c 24 /dev/urandom | base64 > training.password
              hypero-ingest acl --role training --password-file training.password > t.acl
              redis-cli -s .demo/redis.sock < t.acl
              hypero-ingest acl --check --role training --user training

            EXIT STATUS:
              0   the lines were printed, or the account has all rights that it needs
              1   the account could not be checked, or the password could not be read
              2   the account lacks a right
              64  the command line is invalid
            """)

    private static let roles = AccountRole.allCases.map { role in
        "  \(role.rawValue.padded(to: 10))\(role.programs)"
    }.joined(separator: "\n")

    @Option(
        help: ArgumentHelp(
            "A role, or several by several options. (default: all)", valueName: "role"))
    var role: [AccountRole] = []

    @Option(help: ArgumentHelp("The name of the account. (default: the name of the role)", valueName: "name"))
    var user: String?

    @Option(
        help: ArgumentHelp(
            "The file whose first line is the password of the one --role; - for standard input. Only its SHA-256 is printed.",
            valueName: "path"))
    var passwordFile: String?

    @Flag(help: "Print lines for the file of the setting aclfile, instead of ACL SETUSER.")
    var aclfile = false

    @Flag(
        name: .customLong("redis-6"),
        help: "Print lines for Redis 6.2, where the right to read a key is also that to write it.")
    var redis6 = false

    @Flag(help: "Print under each line its rights, and what happens without each of them.")
    var explain = false

    @Flag(help: "Print what an account lacks for the one --role, and the rules that grant it.")
    var check = false

    @OptionGroup(title: "Deployment") var deployment: DeploymentOptions

    func validate() throws {
        guard role.count == Set(role).count else { throw ValidationError("--role must be different each time.") }
        if let user {
            guard Self.isUserName(user) else {
                throw ValidationError(
                    "--user must be 1 to 128 characters of A-Z a-z 0-9 . _ - @ :, not '\(printable(user))'.")
            }
            guard user != "default" || check else {
                throw ValidationError(
                    "--user must not be default: that is the account of all clients without a user, and the line would lock "
                        + "them out. Choose another name.")
            }
        }
        guard check else { return }
        guard passwordFile == nil, !aclfile, !explain else {
            throw ValidationError("--check must not be combined with --password-file, --aclfile or --explain.")
        }
    }

    func run() throws {
        let settings = try deployment.settings()
        if role.count != 1 {
            if check { throw MissingArgument("--check needs one --role, for example --role training") }
            if user != nil { throw MissingArgument("--user needs one --role, for example --role training") }
            if passwordFile != nil {
                throw MissingArgument("--password-file needs one --role: each account has a password of its own")
            }
        }
        let rules = try (role.isEmpty ? AccountRole.allCases : role).map { role in
            try AccountRules(
                role, namespace: settings.namespace, partitions: settings.partitions, database: settings.redis.database,
                isForRedis6: redis6)
        }
        if check { return try printLacks(of: rules[0], settings) }
        let password = try passwordFile.map { try Self.digest(ofFile: $0) }
        let lines = rules.flatMap { rules in
            [
                rules.line(
                    user: user ?? rules.role.rawValue,
                    password: password.map { "#\($0)" } ?? AccountRules.passwordPlaceholder,
                    for: aclfile ? .file : .command)
            ] + (explain ? Self.explanation(of: rules) : [])
        }
        try printText(lines.joined(separator: "\n") + "\n")
        if password == nil {
            printError(
                "note: Redis refuses a line until a password replaces \(AccountRules.passwordPlaceholder): give --role and "
                    + "--password-file")
        }
    }

    /// Returns the names of accounts that need no quotes in a line of redis-cli or of a file.
    private static func isUserName(_ name: String) -> Bool {
        (1...128).contains(name.utf8.count)
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "._-@:".utf8.contains(byte)
                }
            }
    }

    /// Returns one line per right: the command, its keys, and the consequence of its absence.
    private static func explanation(of rules: AccountRules) -> [String] {
        let rows = rules.rights.map { right in
            let keys = right.keys.map { $0.pattern(in: rules.anyPartition) }
            return ("+\(right.command)", keys.joined(separator: " "), right.consequence)
        }
        let widths = (
            rows.map(\.0.count).max() ?? 0, rows.map(\.1.count).max() ?? 0
        )
        return rows.map { "  \($0.0.padded(to: widths.0))  \($0.1.padded(to: widths.1))  \($0.2)" }
    }
}

extension AccountRole: ExpressibleByArgument {}

extension AccountRight {
    /// The clause about the absence of the right.
    var consequence: String {
        if case .occasional(let occasion) = need {
            "needed \(occasion): without it, \(without)"
        } else {
            "without it, \(without)"
        }
    }
}

extension String {
    func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
