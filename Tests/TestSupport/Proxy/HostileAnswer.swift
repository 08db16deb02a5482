/// The replies of a server that is broken or hostile.
package enum HostileAnswer: Sendable, Hashable, CaseIterable {
    /// One text of two gigabytes.
    case oversized
    /// A line that does not end.
    case endless
    /// Null replies without end.
    case flood
    /// A reply of which a byte arrives ten times a second.
    case trickle
    /// A small reply of a random type per command.
    case wrong
}

/// The bytes with which a proxy answers one connection, produced as the client reads them.
struct HostileReplies {
    private let answer: HostileAnswer
    /// The bytes that are not sent yet.
    private(set) var waiting: [UInt8]
    private var sentBytes = 0

    /// The number of bytes after which the server falls silent. More would only slow the run down.
    private static let maxBytes = 128 << 20
    private static let piece = 256 << 10

    init(_ answer: HostileAnswer) {
        self.answer = answer
        waiting =
            switch answer {
            case .oversized: Array("$2000000000\r\n".utf8)
            case .endless: Array("+".utf8)
            case .trickle: Array("$1000000\r\n".utf8)
            case .flood, .wrong: []
            }
    }

    /// The time between two bytes, in milliseconds; nil to send as fast as the client reads.
    var interval: Int? { answer == .trickle ? 100 : nil }

    /// True if there are bytes to send.
    var isReady: Bool { !waiting.isEmpty }

    mutating func receive(commands: Int) {
        guard answer == .wrong else { return refill() }
        let replies = [
            ":5\r\n", "$-1\r\n", "*0\r\n", "*-1\r\n", "+QUEUED\r\n", "$3\r\nabc\r\n", "*2\r\n:1\r\n$1\r\nx\r\n",
            "-ERR unknown\r\n", "-WRONGTYPE wrong\r\n", "?\r\n", "*1\r\n*1\r\n*1\r\n$0\r\n\r\n", "\r\n",
        ]
        // Bounded, because a client that reads nothing must not make the proxy grow.
        guard waiting.count < Self.piece else { return }
        for _ in 0..<commands { waiting += Array(replies.randomElement()!.utf8) }
    }

    /// Records the bytes that were sent.
    mutating func sent(_ count: Int) {
        sentBytes += count
        waiting.removeFirst(count)
        refill()
    }

    private mutating func refill() {
        guard waiting.isEmpty, sentBytes < Self.maxBytes else { return }
        switch answer {
        case .oversized, .endless: waiting = [UInt8](repeating: UInt8(ascii: "a"), count: Self.piece)
        case .flood: waiting = Array(String(repeating: "$-1\r\n", count: Self.piece / 5).utf8)
        case .trickle: waiting = [UInt8(ascii: "a")]
        case .wrong: break
        }
    }
}
