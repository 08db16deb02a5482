/// The faults that a proxy adds to a network.
package struct NetworkCondition: Sendable, Hashable {
    /// The delay of every byte, in each direction.
    package var latency: Duration = .zero
    /// The bandwidth, in each direction of each connection; nil for no limit.
    package var bytesPerSecond: Int?
    /// The number of bytes of a reply that are sent at once. The next piece follows when the client has read this one (unix
    /// socket) or shortly after (TCP). Nil to send replies whole.
    package var replyPiece: Int?
    /// The connection is reset after this many bytes of replies, counted from the start of the condition or of the
    /// connection; nil for no reset.
    package var replyBytesUntilReset: Int?
    /// The connection is reset after this many bytes of requests, counted in the same way; nil for no reset.
    package var requestBytesUntilReset: Int?
    /// True if the connection is reset between a transaction and its reply: EXEC reaches the server, and no later reply
    /// reaches the client.
    package var cutsReplies = false
    /// The replies with which the proxy answers in place of the server; nil to pass the server's replies.
    package var answer: HostileAnswer?
    /// True if no byte passes. Connections are accepted and stay open.
    package var isSilent = false
    /// True if requests pass and replies do not.
    package var isMuted = false
    /// True if no connection is accepted. The listener's queue is full; on TCP the kernel drops connection requests.
    package var isUnreachable = false

    package init() {}

    /// No faults.
    package static let good = NetworkCondition()

    package static func slow(latency: Duration) -> NetworkCondition { with { $0.latency = latency } }

    package static func narrow(bytesPerSecond: Int) -> NetworkCondition { with { $0.bytesPerSecond = bytesPerSecond } }

    /// Replies arrive byte by byte.
    package static let sliced = with { $0.replyPiece = 1 }

    package static func reset(afterReplyBytes count: Int) -> NetworkCondition {
        with { $0.replyBytesUntilReset = count }
    }

    package static func reset(afterRequestBytes count: Int) -> NetworkCondition {
        with { $0.requestBytesUntilReset = count }
    }

    package static let cuttingReplies = with { $0.cutsReplies = true }

    package static func hostile(_ answer: HostileAnswer) -> NetworkCondition { with { $0.answer = answer } }

    /// A black hole: connections are accepted, and no reply arrives.
    package static let silent = with { $0.isSilent = true }

    /// The server executes the commands of clients, and no reply arrives.
    package static let muted = with { $0.isMuted = true }

    /// A black hole that accepts no connection.
    package static let unreachable = with { ($0.isSilent, $0.isUnreachable) = (true, true) }

    private static func with(_ change: (inout NetworkCondition) -> Void) -> NetworkCondition {
        var condition = NetworkCondition()
        change(&condition)
        return condition
    }
}

extension NetworkCondition: CustomStringConvertible {
    package var description: String {
        var parts: [String] = []
        if latency > .zero { parts.append("latency \(latency)") }
        if let bytesPerSecond { parts.append("\(bytesPerSecond) bytes/s") }
        if let replyPiece { parts.append("replies in pieces of \(replyPiece)") }
        if let replyBytesUntilReset { parts.append("reset after \(replyBytesUntilReset) bytes of replies") }
        if let requestBytesUntilReset { parts.append("reset after \(requestBytesUntilReset) bytes of requests") }
        if cutsReplies { parts.append("replies to EXEC cut") }
        if let answer { parts.append("hostile: \(answer)") }
        if isMuted { parts.append("muted") }
        if isUnreachable { parts.append("unreachable") } else if isSilent { parts.append("silent") }
        return parts.isEmpty ? "good" : parts.joined(separator: ", ")
    }
}
