import ArgumentParser
import HyperoQuery

struct StatusCommand: StoreCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the backlog of the ingest, the state of Redis, and warnings.",
        usage: "hypero-query status [<options>]",
        discussion: """
            THE TABLE, one row per partition:
              partition     the hash tag of its keys
              owner         the ingest that applies its entries. none: no entry is applied.
                            no connection: it was killed or is cut off.
                            at rest: a partition of an earlier number of partitions, whose
                            entries are all applied. unknown: permission denied.
                            left out: its server does not answer
              behind        entries of the stream that are not applied yet
              dead          dead letters: entries that could not be applied. hypero-query
                            dead lists them
              missed        entries that another client removed from the stream before
                            they were read
              last applied  the time since the ingest applied an entry
              applied       entries applied
              gaps          sequence numbers that have not been received. A client sends
                            them again when it can
              duplicates    entries that were received again and skipped
              deleted       entries that were dropped, because their experiment or battery
                            was deleted
              stream        entries in the stream, applied or not. The ingest keeps the
                            latest ones
              commands      commands of hypero-ingest delete and rebuild that are not
                            carried out yet

            Unknown: the account must not run the command that reads the value. A warning names the commands.

            THE STANDBYS: the ingests that are connected and take over when the owner ends, as host:pid. unknown: the account \
            of the query must not run CLIENT LIST, or that of the ingest must not run CLIENT SETNAME.

            JSON is one object with the keys servers, partitions and warnings. CSV has the partitions, with the \
            warnings on standard error. The exit status is 2 if a partition is left out.

            EXAMPLES:
              hypero-query status
              hypero-query status --check >/dev/null || echo "hypero needs attention"
              hypero-query status --format json | jq -r '.warnings[]'
            """)

    @Flag(help: "Exit with 2 if there is a warning.")
    var check = false

    @OptionGroup(title: "Redis") var store: StoreOptions
    @OptionGroup(title: "Output") var output: OutputOptions

    func run() throws {
        let status = try store.store().status()
        // The table and the JSON contain the warnings.
        try output.write(status, warnings: output.format == .csv ? status.warnings : [])
        if check, !status.warnings.isEmpty { ExitStatus.attention.exit() }
    }
}
