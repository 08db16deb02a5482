import ArgumentParser
import HyperoCommandLine
import HyperoQuery

struct ExplainCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Explain the hyper-parameters of a trial of a search, and compute them again.",
        usage: "hypero-query explain [<options>] <trial>",
        discussion: """
            A trial records the last entry of the history that its sampler knew (asof). With the seed, the number of the trial and \
            this part of the history, the values are computed again.

            THE TABLE:
              from            point: an enqueued point
                              earlier attempt: of the same trial
                              distribution: a draw at random
                              together: a suggestion, with the other hyper-parameters
                              that all ended trials have
                              alone: a suggestion from the trials that have it
                              program: no distribution is recorded
              of the best     the values of the best tenth of the ended trials
              computed again  equal, or the other value. Numbers are equal if they differ
                              by no more than one part in 10^9

            JSON has one object with the keys experiment, search, search_name, battery, trial, attempt, seed, sampler, asof, ended, \
            good, bad, trimmed, consistent and params. CSV has one record per hyper-parameter.

            EXAMPLES:
              hypero-query explain s3f09c1aa-41
              hypero-query explain s3f09c1aa-41 --format json |
                jq -r '.params[] | [.name, .value, .from] | @tsv'

            EXIT STATUS:
              0   the values are equal, or cannot be computed
              2   a value differs, or a partition does not answer
            """)

    @Argument(
        help: ArgumentHelp("The experiment's id: that of the search, and the number of the trial.", valueName: "trial"))
    var trial: String

    @OptionGroup(title: "Redis") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() throws {
        let explanation = try store.store().explanation(ofTrial: trial)
        try output.write(explanation, warnings: explanation.warnings)
        if !explanation.isConsistent { ExitStatus.attention.exit() }
    }
}
