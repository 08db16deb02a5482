import ArgumentParser
import Glibc
import HyperoCommandLine
import HyperoCore
import HyperoPage
import HyperoQuery

struct ReportCommand: FilterCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write a page of a battery: one HTML file that needs no server.",
        usage: "hypero-query report [<options>] <name>",
        discussion: """
            The page has the best result and how certain it is, the course of the search, the leaderboard, learning curves, \
            parallel coordinates, the importance of the hyper-parameters, a comparison, and what runs and what failed. It opens \
            from the disk and sends no request. The best experiments, the sentences and a drawing of the curves are readable \
            without script.

            THE FILE HAS:
              experiments   the best \(Store.maxReportRows), then those without a result, the
                            newest first, with all fields
              curves        of the objective for the first 200, of other channels for the
                            first 50, each with about 500 points: the lowest and the
                            highest of each range of epochs

            --anonymous leaves out hosts, process ids, users, paths and the condition of --where. Look at the file before you \
            give it away: names and values may still tell of you.

            \(FilterOptions.discussion)

            EXAMPLES:
              hypero-query report "digits mlp"
              hypero-query report "digits mlp" --where "status = done" --output best.html
              hypero-query report "digits mlp" --output - | ssh desktop 'cat > digits.html'
            """)

    @Argument(help: "The battery's name or id.")
    var name: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The battery's version. (default: all versions together)", valueName: "n"))
    var version: Int?

    @OptionGroup var filtering: FilterOptions

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The maximum number of experiments, 1 to \(Store.maxReportRows).", valueName: "k"))
    var limit = Store.maxReportRows

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The file, written as a whole or not at all; - for standard output.", valueName: "file"))
    var output = "report.html"

    @Flag(help: "Leave out hosts, process ids, users, paths and the condition.")
    var anonymous = false

    @Option(help: LostAfter.help)
    var lostAfter: String?

    @OptionGroup(title: "Redis") var store: StoreOptions

    var filteredBattery: String? { name }
    var writesJSON: Bool { false }

    func validate() throws {
        guard (1...Store.maxReportRows).contains(limit) else {
            throw ValidationError("--limit must be between 1 and \(Store.maxReportRows), not \(limit)")
        }
    }

    func checkRequirements() throws { _ = try filtering.filter() }

    func run() throws {
        var report = try store.store(lostAfter: lostAfter).report(
            of: name, version: version, where: filtering.filter(), limit: limit)
        printWarnings(report.warnings)
        if anonymous { report = report.anonymous }
        let document = ReportDocument(
            report, nonce: randomHex(bytes: 16), command: command, version: HyperoVersion.current)
        let html = document.html
        guard output != "-" else {
            try StandardOutput.write(html)
            return
        }
        try OutputFile.write(html, to: output)
        printError("wrote \(output): \(report.count) experiments, \(html.utf8.count / 1000) kB")
    }

    /// The command in the foot of the page.
    private var command: String {
        // A condition can name hosts, users and paths.
        var options = anonymous ? [] : filtering.expressions.map { BatteryWords.option("--where", value: $0) }
        if filtering.lenient, !anonymous { options.append("--lenient") }
        if anonymous { options.append("--anonymous") }
        return BatteryWords.command("report", of: name, version: version, options: options)
    }
}
