import Glibc
import HyperoCore

/// The progress of a long command, on one line of standard error that is overwritten. Nothing is written if standard error is not a
/// terminal, or if the rows go to the same terminal.
struct ProgressLine {
    private let isShown: Bool
    private let noun: String
    private let start = MonotonicTime.now
    private var last: MonotonicTime?

    /// - Parameters:
    ///   - noun: the name of what is counted, such as `experiments`.
    ///   - isOutputElsewhere: true if the rows do not go to standard output.
    init(of noun: String, isOutputElsewhere: Bool) {
        isShown = StandardStream.error.terminalColumns != nil && (isOutputElsewhere || isatty(STDOUT_FILENO) == 0)
        self.noun = noun
    }

    /// Writes the progress, at most five times a second, and not in the first half of a second.
    mutating func update(_ count: Int, of total: Int) {
        guard isShown else { return }
        let now = MonotonicTime.now
        guard now - (last ?? start) > .milliseconds(last == nil ? 500 : 200) else { return }
        last = now
        StandardStream.error.write("\r\(count) of \(total) \(noun)\u{1B}[K")
    }

    /// Removes the line.
    func clear() {
        if last != nil { StandardStream.error.write("\r\u{1B}[K") }
    }
}
