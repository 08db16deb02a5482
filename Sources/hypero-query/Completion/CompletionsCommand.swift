import ArgumentParser
import HyperoCommandLine

struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print the completion script of a shell.",
        discussion: """
            The script completes subcommands, options, and from the server the names of batteries, versions, ids of \
            experiments, columns, channels and statuses, also within --where. Without a reply of the server \
            within 150 ms, or the milliseconds in HYPERO_COMPLETION_TIMEOUT, there are none of these. Candidates are kept for 10 s in XDG_RUNTIME_DIR.

            EXAMPLES:
              hypero-query completions bash > ~/.local/share/bash-completion/completions/hypero-query
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
