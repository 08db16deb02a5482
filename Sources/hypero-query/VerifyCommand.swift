import ArgumentParser
import HyperoCommandLine
import HyperoQuery

struct VerifyCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that rankings, lists and best values agree with the experiments and curves.",
        usage: "hypero-query verify [<options>] [<name>]",
        discussion: """
            Reads all experiments and learning curves of a battery, or of all batteries, and lists what does not agree. Trainings \
            and the ingest may run meanwhile: each difference is read again before it is listed. It changes nothing. \
            hypero-ingest rebuild corrects what follows from the experiments and curves.

            THE CHECKS:
              batteries    the list of batteries has those with a hash, with their times
              experiments  the list of a battery has its experiments, with their times
              rankings     a ranking has the finite values of the experiments, no others
              maxima       the values are those of the learning curve's best epoch
              columns      the list of columns has all fields and channels
              remains      no key is of a deleted battery or experiment
              expiry       producers and deleted ids expire. Like remains of curves:
                           only without a name
              types        no key holds a value of another type

            JSON has one object per line with the keys check, partition, battery, experiment, key, field, expected, found and \
            message.

            EXAMPLES:
              hypero-query verify
              hypero-query verify "digits mlp"
              hypero-query verify --format json | jq -r .key
              hypero-query verify --limit 1000 >differences.txt || echo "see the file"

            EXIT STATUS:
              0   no differences
              2   there are differences, or a partition does not answer
            """)

    @Argument(help: "The battery's name or id. (default: all batteries)")
    var name: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The battery's version. (default: all versions together)", valueName: "n"))
    var version: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The number of differences at which the command ends, 1 to 100000.", valueName: "n"))
    var limit = 100

    @OptionGroup(title: "Redis") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws { try StoreOptions.validate(limit: limit) }

    func checkRequirements() throws {
        if version != nil, name == nil { throw MissingArgument("--version needs the name of a battery") }
        try output.checkRequirements()
    }

    func run() throws {
        let store = try store.store()
        // The differences come at the end.
        var progress = ProgressLine(of: "experiments", isOutputElsewhere: true)
        let verification: Verification
        do {
            verification = try store.verify(name, version: version, limit: limit) { progress.update($0, of: $1) }
        } catch {
            progress.clear()
            throw error
        }
        progress.clear()
        try output.write(
            verification, warnings: verification.warnings,
            advice: [
                .rebuilding: "Run hypero-ingest rebuild",
                .moreRows: "Use --limit \(min(limit * 10, Store.limits.upperBound)) for more",
            ])
        if !verification.differences.isEmpty { ExitStatus.attention.exit() }
    }
}
