import Logging

/// Says what is wrong once, and again only when it changes: a server that is away must not fill a disk with log lines.
struct Announcer {
    private let logger: Logger
    private var latest: String?

    init(_ logger: Logger) {
        self.logger = logger
    }

    mutating func say(_ level: Logger.Level, _ message: String) {
        guard message != latest else { return }
        latest = message
        logger.log(level: level, "\(message)")
    }

    /// All is well again; said only after something was wrong.
    mutating func clear(_ message: String) {
        guard latest != nil else { return }
        latest = nil
        logger.notice("\(message)")
    }
}
