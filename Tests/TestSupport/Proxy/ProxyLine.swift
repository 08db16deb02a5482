/// What a network does to what passes it.
package struct ProxyLine: Sendable, Hashable {
    /// How long bytes are under way, in each direction.
    package var latency: Duration = .zero
    /// How many bytes pass in a second, in each direction and on each connection; nil for as many as there are.
    package var bytesPerSecond: Int?
    /// How many bytes of replies come at once; the next come when these were read (on a unix socket) or soon (on TCP).
    package var replyPiece: Int?
    /// After so many bytes of replies, counted from this line's beginning or the connection's, the connection is reset.
    package var replyBytesUntilReset: Int?
    /// After so many bytes of requests, likewise.
    package var requestBytesUntilReset: Int?
    /// Nothing passes any more; connections are taken, and stay open.
    package var isSilent = false
    /// No connection is taken: the queue for it is full, and on TCP the kernel drops who asks.
    package var isUnreachable = false

    package init() {}

    /// Nothing happens to what passes.
    package static let good = ProxyLine()

    package static func slow(latency: Duration) -> ProxyLine { with { $0.latency = latency } }

    package static func narrow(bytesPerSecond: Int) -> ProxyLine { with { $0.bytesPerSecond = bytesPerSecond } }

    /// Replies come byte by byte.
    package static let sliced = with { $0.replyPiece = 1 }

    package static func reset(afterReplyBytes count: Int) -> ProxyLine { with { $0.replyBytesUntilReset = count } }

    package static func reset(afterRequestBytes count: Int) -> ProxyLine { with { $0.requestBytesUntilReset = count } }

    /// A black hole: connections open and nothing answers.
    package static let silent = with { $0.isSilent = true }

    /// A black hole that does not even let connect.
    package static let unreachable = with { ($0.isSilent, $0.isUnreachable) = (true, true) }

    private static func with(_ change: (inout ProxyLine) -> Void) -> ProxyLine {
        var line = ProxyLine()
        change(&line)
        return line
    }
}

extension ProxyLine: CustomStringConvertible {
    package var description: String {
        var parts: [String] = []
        if latency > .zero { parts.append("latency \(latency)") }
        if let bytesPerSecond { parts.append("\(bytesPerSecond) bytes/s") }
        if let replyPiece { parts.append("replies in pieces of \(replyPiece)") }
        if let replyBytesUntilReset { parts.append("reset after \(replyBytesUntilReset) bytes of replies") }
        if let requestBytesUntilReset { parts.append("reset after \(requestBytesUntilReset) bytes of requests") }
        if isUnreachable { parts.append("unreachable") } else if isSilent { parts.append("silent") }
        return parts.isEmpty ? "good" : parts.joined(separator: ", ")
    }
}
