import Glibc

/// What a person at the training's terminal is told: a thing once, until it changes.
struct Notices {
    private let notify: @Sendable (String) -> Void
    private var last: String?

    init(_ notify: @escaping @Sendable (String) -> Void) {
        self.notify = notify
    }

    mutating func trouble(_ sentence: String) {
        guard sentence != last else { return }
        last = sentence
        notify(sentence)
    }

    /// The trouble is over; says so if there was one.
    mutating func isWell(_ sentence: @autoclosure () -> String) {
        guard last != nil else { return }
        last = nil
        notify(sentence())
    }

    /// One write(2) a line, so that lines of several processes do not mix.
    static let standardError: @Sendable (String) -> Void = { sentence in
        var line = "hypero: \(sentence)\n"
        line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
