import Logging

/// Says what is wrong once, and again only after all was well: a server that is away, or keys that fail in turn, must not
/// fill a disk with log lines.
struct Announcer {
    private let logger: Logger
    private var told: Set<String> = []

    /// More different sentences than this are not said before all is well again.
    private static let limit = 32

    init(_ logger: Logger) {
        self.logger = logger
    }

    mutating func say(_ level: Logger.Level, _ message: String) {
        guard told.count < Self.limit, told.insert(message).inserted else { return }
        logger.log(level: level, "\(message)")
        if told.count == Self.limit { logger.warning("further troubles are not logged until all is well again") }
    }

    /// All is well again; said only after something was wrong.
    mutating func clear(_ message: String) {
        guard !told.isEmpty else { return }
        told = []
        logger.notice("\(message)")
    }
}
