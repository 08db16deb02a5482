import ArgumentParser
import Glibc
import HyperoCommandLine
import HyperoCore
import HyperoIngest
import HyperoQuery
import HyperoSchema

struct DeleteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete experiments, or a battery with all its experiments.",
        usage: """
            hypero-ingest delete [<options>] <experiment> ...
            hypero-ingest delete [<options>] --battery <name>
            hypero-ingest delete [<options>] --battery <name> --where <expression>
            """,
        discussion: """
            Writes the deletion to the control stream of each partition that has the experiments, and waits until an \
            ingest has removed all their keys. What was deleted stays away for 30 days: events that its processes still \
            send are dropped and counted. A battery that is declared again later starts empty.

            --where deletes only the experiments of all versions of the battery that fulfil a condition, such as 'status = failed' or \
            'loss is nan and age > 7d', as hypero-query experiments --where selects them. 'loss is nan' is also true if no epoch has a finite \
            loss. The battery stays. Look with --dry-run first.

            On a terminal the command asks before it deletes. Elsewhere it needs --yes.

            EXAMPLES, with the Redis server of Scripts/demo:
              export HYPERO_REDIS=unix://$PWD/.demo/redis.sock
              hypero-ingest delete k3v9x2mq7d-17 --dry-run
              hypero-ingest delete k3v9x2mq7d-17 k3v9x2mq7d-18
              hypero-ingest delete --battery "digits mlp" --where "valid < 0.5" --dry-run
              hypero-ingest delete --battery "digits mlp" --version 1 --yes

            EXIT STATUS:
              0   everything was deleted, or --dry-run has listed it
              1   nothing was deleted: not found, not unique, not confirmed, or Redis
                  refused; or the timeout expired before an ingest had deleted
                  everything
              64  the command line is invalid, or --yes is missing without a terminal
            """)

    @Argument(help: ArgumentHelp("The ids of experiments, or prefixes that no other id has.", valueName: "experiment"))
    var experiments: [String] = []

    @Option(help: ArgumentHelp("The name or the id of a battery to delete.", valueName: "name"))
    var battery: String?

    // Unconditional, because a version may be negative.
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The version of the battery, if several have the name. (default with --where: all versions)",
            valueName: "n"))
    var version: Int?

    @Option(
        name: .customLong("where"), parsing: .unconditionalSingleValue,
        help: ArgumentHelp(
            "With --battery, delete only the experiments that fulfil this condition, of several all of them, and not the battery.",
            valueName: "expression"))
    var expressions: [String] = []

    @Flag(help: "With --where, a field that no experiment has is missing, and no error.")
    var lenient = false

    @Flag(help: "Delete without asking.")
    var yes = false

    @Flag(help: "List what would be deleted, and delete nothing.")
    var dryRun = false

    // Unconditional, so that a negative number gets the message that says what to write.
    @Option(
        parsing: .unconditional, help: ArgumentHelp("The time to wait for an ingest.", valueName: "seconds"))
    var timeout = 60.0

    @OptionGroup(title: "Deployment") var deployment: DeploymentOptions

    func validate() throws {
        guard battery == nil || experiments.isEmpty else {
            throw ValidationError("experiments and --battery must not be combined. Give one of them.")
        }
        guard version == nil || battery != nil else {
            throw ValidationError("--version needs --battery. For example, write --battery \"digits mlp\" --version 1.")
        }
        guard expressions.isEmpty || battery != nil else {
            throw ValidationError(
                "--where needs --battery. For example, write --battery \"digits mlp\" --where \"valid < 0.5\".")
        }
        guard !lenient || !expressions.isEmpty else {
            throw ValidationError(
                "--lenient needs --where. For example, write --battery \"digits mlp\" --where \"warmup is null\" --lenient."
            )
        }
        guard timeout > 0 && timeout <= 1e9 else {
            throw ValidationError(
                "--timeout must be above 0 and at most 1e9 seconds, not \(timeout). For example, write --timeout 60.")
        }
    }

    func run() throws {
        guard battery != nil || !experiments.isEmpty else {
            throw MissingArgument("nothing to delete. Give ids of experiments, or --battery")
        }
        deployment.server.warn(as: .ingest)
        signal(SIGPIPE, SIG_IGN)
        do {
            let fulfilling = try experimentsOfFilter()
            let deleter = try Deleter(try deployment.settings())
            var plan =
                if let fulfilling {
                    try deleter.plan(experiments: fulfilling)
                } else if let battery {
                    try deleter.plan(battery: battery, version: version)
                } else {
                    try deleter.plan(experiments: experiments)
                }
            let lines = plan.lines
            // Before a question, whose number is that of all.
            let shown = expressions.isEmpty || dryRun ? lines.count : Self.maxListed
            for line in lines.prefix(shown) { print(line) }
            if lines.count > shown { print("and \(lines.count - shown) more") }
            if dryRun, !expressions.isEmpty {
                print("\(plan.subject) would be deleted")
            }
            guard !dryRun else { return }
            try Confirmation.ask(plan.question, isGiven: yes, verb: "delete", outcome: "nothing was deleted")
            if !yes, let fulfilling, let rest = try stillFulfilling(fulfilling) {
                plan = try deleter.plan(experiments: rest)
            }
            let request = try deleter.request(plan)
            guard try deleter.wait(for: request, atMost: .seconds(timeout)) else {
                printError(Self.message(ofTimeoutWith: try deleter.owner(of: request)))
                throw ExitCode.failure
            }
            print(plan.outcome)
        } catch let error as DeletionError {
            printError(error.message)
            throw ExitCode.failure
        }
    }

    /// The number of experiments of a filter that are listed before the question.
    private static let maxListed = 20
    /// The number of warnings that are printed.
    private static let maxWarnings = 10

    /// Returns those of some experiments that still fulfil `--where`, because the user may have answered hours later; nil if all do.
    private func stillFulfilling(_ ids: [String]) throws -> [String]? {
        let current = Set(try experimentsOfFilter(printsWarnings: false) ?? [])
        let rest = ids.filter(current.contains)
        let count = ids.count - rest.count
        guard count > 0 else { return nil }
        print(
            count == 1
                ? "1 experiment does not fulfil the condition any more and stays"
                : "\(count) experiments do not fulfil the condition any more and stay")
        guard !rest.isEmpty else {
            printError("nothing was deleted")
            throw ExitCode.failure
        }
        return rest
    }

    /// Returns the ids of the experiments that fulfil `--where`; nil without it. Ends the command if there are none, or if the
    /// expression has an error.
    private func experimentsOfFilter(printsWarnings: Bool = true) throws -> [String]? {
        guard let battery, !expressions.isEmpty else { return nil }
        do {
            let filter = try Filter(all: expressions, isLenient: lenient)
            // Also one of several: a variable of a script without value.
            guard try expressions.allSatisfy({ try !Filter($0).isEmpty }) else {
                printError("--where is empty, which every experiment fulfils. Delete the battery without --where")
                throw ExitCode.validationFailure
            }
            let store = try Store(deployment.server.redis, namespace: deployment.server.namespace)
            var warnings: [String] = []
            let ids = try store.experimentIDs(of: battery, version: version, where: filter, warnings: &warnings)
            if !printsWarnings { warnings.removeAll() }
            for warning in warnings.prefix(Self.maxWarnings) { printError(warning) }
            if warnings.count > Self.maxWarnings {
                printError("and \(warnings.count - Self.maxWarnings) more warnings")
            }
            guard !ids.isEmpty else {
                printError("no experiment of '\(printable(battery))' fulfils \(filter.summary). Nothing was deleted")
                throw ExitCode.failure
            }
            return ids
        } catch let error as FilterError {
            printError(error.lines(hint: error.hint).joined(separator: "\n"))
            throw ExitCode.validationFailure
        } catch let error as QueryError {
            if case .invalidFilter(let error) = error.code {
                printError(error.lines(hint: error.hint).joined(separator: "\n"))
                throw ExitCode.validationFailure
            }
            printError(error.category == .denied ? "\(error). \(AccountRole.operator.advice)" : error.description)
            throw ExitCode.failure
        }
    }

    private static func message(ofTimeoutWith owner: Deleter.Owner?) -> String {
        let state =
            switch (owner, owner?.visited) {
            case (let owner?, let tag?):
                "the ingest \(owner.name) is running, and looks at \(tag), of an earlier number of partitions, every 30 seconds, "
                    + "so run the command again to wait longer"
            case (let owner?, nil): "the ingest \(owner.name) is running, so run the command again to wait longer"
            case (nil, _): "no ingest is running, so start hypero-ingest"
            }
        return
            "timed out before everything was deleted: \(state). The deletion is requested and is carried out as soon as "
            + "an ingest reads it"
    }
}
