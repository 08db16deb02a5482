import ArgumentParser
import HyperoQuery

struct ShowCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show all values and the learning curves of an experiment.",
        usage: "hypero-query show [<options>] <experiment>",
        discussion: """
            A complete id is found directly. A prefix of an id needs a scan of all keys. JSON has all values, CSV the \
            learning curves.

            A running experiment has the age of its last sign of life after its status. Without one for the time of \
            --lost-after, its status is lost.

            Maxima that the program set say so, with the epoch that it stated. The others are those of the epoch in the line \
            above them. JSON has both: epoch is the stated epoch, else curve_epoch; stated has the channels that the program \
            set. space has the distributions from which hyper-parameters were drawn. The table has them after the values.

            EXAMPLES:
              top=$(hypero-query rank "digits mlp" --limit 1 --format json)
              best=$(jq -r .experiment <<< "$top")
              hypero-query show "$best"
              hypero-query show "$best" --format csv > curves.csv
            """)

    @Argument(help: "The experiment's id, or a prefix that no other id has.")
    var experiment: String

    @Option(help: LostAfter.help)
    var lostAfter: String?

    @OptionGroup(title: "Redis") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func validate() throws { _ = try LostAfter.seconds(in: lostAfter) }

    func run() throws {
        let record = try store.store(lostAfter: lostAfter).experiment(experiment)
        try output.write(record, warnings: record.warnings)
    }
}
