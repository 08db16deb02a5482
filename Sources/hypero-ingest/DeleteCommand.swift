import ArgumentParser
import Glibc
import HyperoCommandLine
import HyperoCore
import HyperoIngest
import HyperoSchema

struct DeleteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete",
        abstract: "Delete experiments, their learning curves, or a whole battery.",
        usage: """
            hypero-ingest delete [<options>] <experiment> ...
            hypero-ingest delete [<options>] --battery <name>
            hypero-ingest delete [<options>] --battery <name> --where <expression>
            hypero-ingest delete [<options>] --older-than <time> --keep-best <n>
            """,
        discussion: """
            Writes the deletion to the control stream of each partition that has the experiments, and waits until an \
            ingest has removed all their keys. What was deleted stays away for 30 days: events that its processes still \
            send are dropped and counted. A battery that is declared again later starts empty.

            --where deletes only the experiments of all versions of the battery that fulfil a condition, such as 'status = failed' or \
            'loss is nan and age > 7d', as hypero-query experiments --where selects them. 'loss is nan' is also true if no epoch has a finite \
            loss. The battery stays. Look with --dry-run first.

            --keep-best, --older-than and --status delete only experiments, of one battery or of all: a retention for cron. Without \
            --status, only experiments that have ended. If there is nothing to delete, the command is silent and succeeds.

            --curves-only and --thin delete rows of the learning curves of the selected experiments. Parameters, maxima and \
            rankings stay. hypero-query show and curves say that rows are missing. Later values of the rows that were deleted \
            become dead letters.

            On a terminal the command asks before it deletes. Elsewhere it needs --yes.

            EXAMPLES, with the Redis server of Scripts/demo:
              export HYPERO_REDIS=unix://$PWD/.demo/redis.sock
              hypero-ingest delete k3v9x2mq7d-17 --dry-run
              hypero-ingest delete k3v9x2mq7d-17 k3v9x2mq7d-18
              hypero-ingest delete --battery "digits mlp" --where "valid < 0.5" --dry-run
              hypero-ingest delete --battery "digits mlp" --keep-best 3 --dry-run
              hypero-ingest delete --keep-best 100 --older-than 90d --yes
              hypero-ingest delete --keep-best 100 --older-than 30d --thin 200 --yes
              hypero-ingest delete --battery "digits mlp" --version 1 --yes

            EXIT STATUS:
              0   everything was deleted, or --dry-run has listed it, or --keep-best,
                  --older-than, --status, --curves-only or --thin leave nothing to
                  delete
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

    @OptionGroup(title: "Retention") var retention: RetentionOptions

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
        guard experiments.isEmpty || !retention.selects else {
            throw ValidationError(
                "experiments must not be combined with --keep-best, --older-than or --status. Give --battery, or no battery."
            )
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
        guard battery != nil || !experiments.isEmpty || retention.selects else {
            throw MissingArgument(
                "nothing to delete. Give ids of experiments, or --battery, --keep-best or --older-than")
        }
        deployment.server.warn(as: .ingest)
        signal(SIGPIPE, SIG_IGN)
        do {
            let selection = selection
            let selected = try selection?.experiments()
            if let selected, selected.isEmpty {
                if dryRun { print("no experiment would be deleted") }
                return
            }
            let deleter = try Deleter(try deployment.settings())
            var plan =
                if let battery, selected == nil {
                    try deleter.plan(battery: battery, version: version)
                } else {
                    try deleter.plan(experiments: selected ?? experiments, keeping: retention.curves)
                }
            let lines = plan.lines
            // Before a question, whose number is that of all.
            let shown = selection == nil || dryRun ? lines.count : Self.maxListed
            for line in lines.prefix(shown) { print(line) }
            if lines.count > shown { print("and \(lines.count - shown) more") }
            if dryRun, selection != nil || retention.curves != nil { print(plan.announcement) }
            guard !dryRun else { return }
            try Confirmation.ask(plan.question, isGiven: yes, verb: "delete", outcome: "nothing was deleted")
            if !yes, let selection, let selected, let rest = try selection.stillSelected(of: selected) {
                plan = try deleter.plan(experiments: rest, keeping: retention.curves)
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

    /// The number of selected experiments that are listed before the question.
    private static let maxListed = 20

    /// The selection of experiments by a condition or a rule; nil for experiments by their ids and for a battery.
    private var selection: DeleteSelection? {
        guard !expressions.isEmpty || retention.selects || battery != nil && retention.isGiven else { return nil }
        return DeleteSelection(
            battery: battery, version: version, expressions: expressions, isLenient: lenient, retention: retention,
            deployment: deployment)
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
