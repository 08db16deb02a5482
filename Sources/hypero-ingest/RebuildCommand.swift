import ArgumentParser
import Glibc
import HyperoCommandLine
import HyperoIngest
import HyperoSchema

struct RebuildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract: "Derive rankings, lists and best values again from the experiments and curves.",
        usage: "hypero-ingest rebuild [<options>] [<name>]",
        discussion: """
            For keys that hypero-query verify finds to differ, for example after another client has changed or removed them. A \
            running ingest does it, between the batches of events that it applies, and the command prints what has changed.

            From each experiment and its learning curve follow the values at the best epoch, its entries in rankings and in the \
            list of its battery, and the columns. Entries of missing experiments are removed. The declaration of a battery, with \
            its objective and direction, does not follow: declare it again, as each training does. The time of a column that was \
            missing is that of the first experiment that has it. Experiments, curves and distributions stay as they are. A key \
            that cannot be read is an error, and the others are derived.

            EXAMPLES, with the Redis server of Scripts/demo:
              export HYPERO_REDIS=unix://$PWD/.demo/redis.sock
              hypero-ingest rebuild
              hypero-ingest rebuild "digits mlp" --version 1

            EXIT STATUS:
              0   everything was derived
              1   not found, not unique, or Redis refused; or the timeout expired
                  before an ingest had derived everything; or something could not be
                  derived, which the message names
              64  the command line is invalid
            """)

    @Argument(help: "The battery's name or id. (default: all batteries)")
    var name: String?

    // Unconditional, because a version may be negative.
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The version of the battery, if several have the name.", valueName: "n"))
    var version: Int?

    @Option(
        parsing: .unconditional, help: ArgumentHelp("The time to wait for an ingest.", valueName: "seconds"))
    var timeout = 600.0

    @OptionGroup(title: "Deployment") var deployment: DeploymentOptions

    func validate() throws {
        guard version == nil || name != nil else {
            throw ValidationError("--version needs a name. For example, write \"digits mlp\" --version 1.")
        }
        guard timeout > 0 && timeout <= 1e9 else {
            throw ValidationError(
                "--timeout must be above 0 and at most 1e9 seconds, not \(timeout). For example, write --timeout 600.")
        }
    }

    func run() throws {
        deployment.server.warn(as: .ingest)
        signal(SIGPIPE, SIG_IGN)
        do {
            let rebuilder = try Rebuilder(try deployment.settings())
            let request = try rebuilder.request(battery: name, version: version)
            guard try rebuilder.wait(for: request, atMost: .seconds(timeout)) else {
                let owner = try rebuilder.owner(of: request)
                printError(Self.message(ofTimeoutWith: owner, after: try rebuilder.outcome(of: request)))
                throw ExitCode.failure
            }
            let outcome = try rebuilder.outcome(of: request)
            try printLine(Self.sentence(about: outcome, battery: request.battery))
            let problems = Self.problems(of: outcome)
            for problem in problems { printError(problem) }
            if !problems.isEmpty { throw ExitCode.failure }
        } catch let error as DeletionError {
            printError(error.message)
            throw ExitCode.failure
        }
    }

    private static func sentence(about outcome: Rebuilder.Outcome, battery: DeletionPlan.Battery?) -> String {
        let subject =
            battery.map { "battery '\(printable($0.name))' version \(printable($0.version))" }
            ?? (outcome.isReplaced ? "all batteries" : nil)
            ?? counted(outcome.batteries, "battery", "batteries")
        let changes = [
            (outcome.values, "hash corrected", "hashes corrected"),
            (outcome.listed, "list entry written", "list entries written"),
            (outcome.ranked, "ranking entry written", "ranking entries written"),
            (outcome.columns, "column added", "columns added"), (outcome.removed, "entry removed", "entries removed"),
        ].filter { $0.0 > 0 }.map { counted($0.0, $0.1, $0.2) }
        guard !outcome.isReplaced else {
            return "rebuilt \(subject): the numbers of this rebuild were replaced by those of a later one"
        }
        return "rebuilt \(subject) with \(counted(outcome.experiments, "experiment", "experiments")): "
            + (changes.isEmpty ? "nothing has changed" : changes.joined(separator: ", "))
    }

    /// Returns what could not be derived.
    private static func problems(of outcome: Rebuilder.Outcome) -> [String] {
        var problems: [String] = []
        if outcome.isUnknown {
            problems.append(
                "an ingest has passed over the command: it is of an older version. Replace it, and try again")
        }
        if outcome.undeclared > 0 {
            problems.append(
                "\(counted(outcome.undeclared, "battery has", "batteries have")) no whole declaration, which does not follow from "
                    + "the experiments. Declare them again, as each training does. The log of the ingest names them")
        }
        if outcome.nameless > 0 {
            problems.append(
                "\(counted(outcome.nameless, "experiment does", "experiments do")) not name a battery, and were left out. "
                    + "hypero-query verify names them")
        }
        if outcome.errors > 0 {
            problems.append("\(counted(outcome.errors, "error", "errors")): see the log of the ingest")
        }
        return problems
    }

    private static func counted(_ count: Int, _ noun: String, _ plural: String) -> String {
        "\(count) \(count == 1 ? noun : plural)"
    }

    private static func message(ofTimeoutWith owner: Deleter.Owner?, after outcome: Rebuilder.Outcome) -> String {
        let state =
            owner.map { "the ingest \($0.name) is running" } ?? "no ingest is running, so start hypero-ingest"
        return
            "timed out after \(counted(outcome.experiments, "experiment", "experiments")): \(state). The rebuild is requested "
            + "and is carried out as soon as an ingest reads it"
    }
}
