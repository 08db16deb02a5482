import ArgumentParser
import HyperoCommandLine

struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print the completion script of a shell.",
        discussion: """
            The script completes subcommands, options, and from the server the names of batteries, versions, ids of \
            experiments, columns, channels and statuses, and within --where fields, comparisons, statuses, and and or, \
            each in its place. Without a reply of the server \
            within 150 ms, or the milliseconds in HYPERO_COMPLETION_TIMEOUT, there are none of these. Candidates are kept for 10 s in XDG_RUNTIME_DIR.

            The ids are those of the best 50 experiments of each of the 20 batteries that changed last. With a typed beginning, \
            the keys of the server are searched for half of that time, and up to 50 more ids are added.

            EXAMPLES:
              cd ~/.local/share/bash-completion/completions
              hypero-query completions bash > hypero-query
              hypero-query completions zsh > ~/.zfunc/_hypero-query
              hypero-query completions fish > ~/.config/fish/completions/hypero-query.fish
              source <(hypero-query completions bash)
            """)

    @Argument(help: "The shell: bash, zsh or fish.")
    var shell: String

    func run() throws {
        guard let shell = Shell(rawValue: shell) else {
            throw MissingArgument("the shell must be one of bash, zsh, fish, not '\(shell)'")
        }
        try StandardOutput.write(shell.script + "\n")
    }
}
