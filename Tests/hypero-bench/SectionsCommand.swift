import ArgumentParser

struct SectionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run sections of the benchmark (the default subcommand).")

    @Argument(help: "The sections to run (default: all but partitions, connections, peers and stopping).")
    var names: [SectionName] = []

    @Flag(help: "Print one JSON object per line: first the machine, then one object per figure.")
    var json = false

    @Flag(help: "Divide all sizes by 20, for a check that the benchmark works.")
    var quick = false

    @Option(help: ArgumentHelp("Divide all sizes by n.", valueName: "n"))
    var divide: Int?

    @Option(help: ArgumentHelp("Events of a backlog, and events that a client sends.", valueName: "n"))
    var events: Int?

    @Option(help: ArgumentHelp("Experiments in the backlog of rows.", valueName: "n"))
    var experiments: Int?

    @Option(help: ArgumentHelp("A Python with optuna, for search and stopping.", valueName: "path"))
    var python: String?

    func validate() throws {
        guard (1...10_000).contains(divide ?? 1) else {
            throw ValidationError("--divide must be between 1 and 10000, not \(divide ?? 1)")
        }
        guard plan.events > 0, plan.experiments > 0 else {
            throw ValidationError("--events and --experiments must be at least 1")
        }
        guard plan.experiments <= plan.events else {
            throw ValidationError(
                "--experiments must not exceed --events: \(plan.experiments) experiments, \(plan.events) events")
        }
    }

    func run() throws {
        let report = Report(MachineFacts(command: command), asJSON: json)
        for name in names.isEmpty ? SectionName.defaults : names {
            do {
                try name.section.run(plan, report: report)
            } catch {
                report.flush()
                throw error
            }
            report.flush()
        }
    }

    private var plan: Plan {
        let divisor = divide ?? (quick ? 20 : 1)
        return Plan(
            divisor: divisor, events: events ?? max(1_000_000 / divisor, 1),
            experiments: experiments ?? max(2_000 / divisor, 1), python: python)
    }

    /// The command line that repeats this run.
    private var command: String {
        (["Scripts/bench"] + CommandLine.arguments.dropFirst()).joined(separator: " ")
    }
}
