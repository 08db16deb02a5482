import ArgumentParser
import HyperoQuery

struct SearchCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Show the searches of a battery: trials, stopping and the best so far.",
        usage: "hypero-query search [<options>] <search>",
        discussion: """
            A battery with one search shows that one, a battery with several a table of them, which the id of one selects.

            THE TRIALS:
              given out    got by a process, at least once
              running      started by a process, and not ended
              not started  got by a process that has not started the training yet
              lost         of a process that is lost, or silent for its lease by the
                           clock of Redis: the next process gets it again
              done, stopped, failed
                           ended. A stopped one counts with its best value
              refused      ends of processes that had lost their trial

            A rung of the stopping rule has the number of trials that have reached its epoch, how many of them go on, and the value \
            of the last one that does. The epochs that were saved are those that stopped trials have not run. The best so far has \
            a row for each trial that was better at its end than all before, with the epochs that had been run then. A trial that \
            runs or has failed is never the best here.

            JSON has one object per search with the keys search, battery, name, version, search_name, seed, sampler, objective, \
            direction, created, conflict, trials, given_out, running, not_started, lost, ended, done, stopped, failed, refused, \
            points, points_given_out, stopping, rungs, epochs, saved_epochs, saved_share, best and improvements. CSV has one record \
            per search, without rungs and improvements.

            EXAMPLES:
              hypero-query search "digits mlp"
              hypero-query search s3f09c1aa
              hypero-query search s3f09c1aa --format json | jq .best.params
              hypero-query search s3f09c1aa --format json |
                jq -r '.improvements[] | [.epochs, .value] | @csv'
            """)

    @Argument(
        help: ArgumentHelp("The battery's name or id, or the id of a search or of its trial.", valueName: "search"))
    var name: String

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The battery's version. (default: all versions together)", valueName: "n"))
    var version: Int?

    @OptionGroup(title: "Redis") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() throws {
        let list = try store.store().searches(of: name, version: version)
        try output.write(list, warnings: list.warnings)
    }
}
