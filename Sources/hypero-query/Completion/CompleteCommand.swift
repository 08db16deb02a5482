import ArgumentParser
import Glibc
import HyperoCore
import HyperoQuery
import HyperoSchema

/// The time within which candidates are found. A shell waits for them after each key press.
enum CompletionTimeout {
    /// The value of `HYPERO_COMPLETION_TIMEOUT` in milliseconds, 1 to 60,000; 150 without a valid one.
    static let milliseconds =
        ProcessEnvironment.value(of: "HYPERO_COMPLETION_TIMEOUT").flatMap { Int($0) }
        .flatMap { (1...60_000).contains($0) ? $0 : nil } ?? 150

    /// The time limit of connecting and of each reply.
    static var reply: Duration { .milliseconds(max(1, milliseconds * 8 / 15)) }

    /// The time until which ids are searched, after which a last reply and the output have time left.
    static var searchEnd: MonotonicTime { start + .milliseconds(max(1, milliseconds / 2)) }

    /// The time of the question. Read it first at the start.
    static let start = MonotonicTime.now
}

/// The answer to the completion scripts: one candidate per line, with its description after a tab.
///
/// A third column `nospace` means that more text may follow, and `other` that the candidate begins otherwise than the word. Every
/// failure is an empty answer.
struct CompleteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "complete", abstract: "Print candidates for a completion script.", shouldDisplay: false)

    @Argument var shell: String
    /// The command line up to the cursor.
    @Argument var line = ""
    /// The `COMP_WORDBREAKS` of bash.
    @Argument var wordBreaks = ""

    static let maxCandidates = 200

    func run() throws {
        // Ends a slow name lookup and a slow server too.
        signal(SIGALRM) { _ in _exit(0) }
        _ = CompletionTimeout.start
        let milliseconds = CompletionTimeout.milliseconds
        var limit = itimerval(
            it_interval: timeval(),
            it_value: timeval(tv_sec: milliseconds / 1_000, tv_usec: milliseconds % 1_000 * 1_000))
        setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &limit, nil)
        guard let shell = Shell(rawValue: shell) else { return }
        let line = TypedLine(line, wordBreaks: wordBreaks)
        let request = CompletionRequest(line, commands: HyperoQueryCommand.subcommands)
        var text = ""
        var count = 0
        for word in CompletionWords(request).words where count < Self.maxCandidates {
            let whole = request.kept + word.text
            guard let replacement = shell.replacement(whole, in: line) else { continue }
            count += 1
            let isOther = shell == .zsh && !word.text.begins(with: request.prefix)
            let ending = isOther ? "\tother" : word.isOpen && shell != .fish ? "\tnospace" : ""
            text += "\(replacement)\t\(word.description)\(ending)\n"
        }
        try StandardOutput.write(text)
    }
}
