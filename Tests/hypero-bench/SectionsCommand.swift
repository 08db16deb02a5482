import ArgumentParser

struct SectionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run sections; this is what it does when nothing else is said.")

    @Argument(help: "What to measure; all but peers when nothing is named.")
    var names: [SectionName] = []

    @Flag(help: "One object a line: first the machine, then a line for each figure.")
    var json = false

    @Flag(help: "A twentieth of everything, to see that it works.")
    var quick = false

    @Option(help: ArgumentHelp("A share of everything, one in so many.", valueName: "n"))
    var divide: Int?

    @Option(help: ArgumentHelp("Events of a backlog, and of what is sent.", valueName: "n"))
    var events: Int?

    @Option(help: ArgumentHelp("Experiments of the backlog of rows.", valueName: "n"))
    var experiments: Int?

    func validate() throws {
        guard (1...10_000).contains(divide ?? 1) else {
            throw ValidationError("--divide must be from 1 to 10000: write --divide 20")
        }
        guard plan.events > 0, plan.experiments > 0, plan.experiments <= plan.events else {
            throw ValidationError("--events and --experiments must be above 0, and no experiment without an event")
        }
    }

    func run() throws {
        let report = Report(MachineFacts(command: command), asJSON: json)
        for name in names.isEmpty ? SectionName.usual : names {
            do {
                try name.section.run(plan, report)
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
            experiments: experiments ?? max(2_000 / divisor, 1))
    }

    /// As it is to be typed.
    private var command: String {
        (["Scripts/bench"] + CommandLine.arguments.dropFirst()).joined(separator: " ")
    }
}
