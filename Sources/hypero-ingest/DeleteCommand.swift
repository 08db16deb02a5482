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
            --status, only experiments that have ended. --dry-run names the objective and the direction that decide which are the best. \
            If the name of an objective, such as energy, does not tell the direction, and no training has declared it, the battery \
            is left out. If there is nothing to delete, the command is silent and succeeds.

            --curves-only and --thin delete rows of the learning curves of the selected experiments. Parameters, maxima and \
            rankings stay. hypero-query show and curves say that rows are missing. Later values of the rows that were deleted \
            become dead letters.

            On a terminal the command asks before it deletes. Elsewhere it needs --yes.

            If no ingest has deleted everything within --timeout, the deletion of experiments by their ids, or of a battery, stays \
            requested, and is carried out later. That of selected experiments expires then, also if this command was killed before: \
            run it again. Until then, it applies only to experiments that have not changed since, unless they were running.

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
              1   nothing was deleted: not found, not unique, or not confirmed; or
                  Redis refused, or the timeout expired before an ingest had deleted
                  everything, and the message says what happens to the rest
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
            if let selected, dryRun || !yes && !selected.ids.isEmpty {
                for line in DeleteSelection.lines(of: selected.best) { try printLine(line) }
            }
            if let selected, selected.ids.isEmpty {
                if dryRun { return try printLine("no experiment would be deleted") }
                // So that a command in cron fails at once, and not when there is something to delete for the first time.
                return try Confirmation.requireTerminal(isGiven: yes, verb: "delete")
            }
            let deleter = try Deleter(try deployment.settings())
            var plan =
                if let battery, selected == nil {
                    try deleter.plan(battery: battery, version: version)
                } else {
                    try deleter.plan(
                        experiments: selected?.ids ?? experiments, keeping: retention.curves,
                        selectedBy: selected.map { rule(of: $0) })
                }
            try printChanged(plan.revived)
            for key in plan.unreadableCurves {
                printError(
                    "cannot remove rows of \(printable(key, limit: .max)): it has another type than a hash. Remove it")
            }
            let lines = plan.lines(lost: selected?.lost ?? [:])
            // Before a question, whose number is that of all.
            let shown = selection == nil || dryRun ? lines.count : Self.maxListed
            for line in lines.prefix(shown) { try printLine(line) }
            if lines.count > shown { try printLine("and \(lines.count - shown) more") }
            if dryRun, selection != nil || retention.curves != nil { try printLine(plan.announcement) }
            if !dryRun, !lines.isEmpty {
                try Confirmation.ask(plan.question, isGiven: yes, verb: "delete", outcome: "nothing was deleted")
                if !yes, let selection, let selected {
                    let rest = try selection.stillSelected(of: selected.ids)
                    plan = try deleter.plan(
                        experiments: rest.ids, keeping: retention.curves, selectedBy: rule(of: rest))
                    try printChanged(plan.revived)
                }
                try carryOut(plan, with: deleter, isByRule: selection != nil)
            }
            if !plan.unreadableCurves.isEmpty { throw ExitCode.failure }
        } catch let error as DeletionError {
            printError(error.message)
            throw ExitCode.failure
        }
    }

    /// The number of selected experiments that are listed before the question.
    private static let maxListed = 20

    /// Returns the properties of the rule that has selected experiments.
    private func rule(of selection: RetentionSelection) -> DeletionPlan.Rule {
        DeletionPlan.Rule(
            selectsRunning: !retention.isGiven || retention.selectsRunning, keepsBest: retention.keepBest != nil,
            stamps: selection.stamps)
    }

    /// The selection of experiments by a condition or a rule; nil for experiments by their ids and for a battery.
    private var selection: DeleteSelection? {
        guard !expressions.isEmpty || retention.selects || battery != nil && retention.isGiven else { return nil }
        return DeleteSelection(
            battery: battery, version: version, expressions: expressions, isLenient: lenient, retention: retention,
            deployment: deployment)
    }
}
