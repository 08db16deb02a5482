import Foundation
import Synchronization

/// The replies of one input: the recorded ones, some of them mutated.
///
/// A command gets the next recorded reply to a command of its name. A client that asks more often than the recorded one
/// gets the same replies again.
struct ReplyScript: Codable {
    /// The behavior of the server in addition to its replies.
    enum Delivery: Codable {
        case whole
        /// Pieces of some bytes.
        case sliced(Int)
        /// The server closes the connection in the middle of a reply.
        case cut(exchange: Int, bytes: Int)
        /// The server never ends a reply.
        case stall(exchange: Int, bytes: Int)
        /// The server sends a byte every few milliseconds, beginning with a text or, if that is empty, with the reply. The
        /// reply does not end.
        case trickle(exchange: Int, start: String, milliseconds: Int)
        /// The server sends without end after the first bytes of a reply.
        case flood(exchange: Int, bytes: Int, start: String, piece: String)
    }

    var target: ReplyTarget
    var exchanges: [Exchange]
    var delivery: Delivery
    /// The recorded reply to GET that names the owner of the lease. It is replaced by the name that the ingest has set.
    var owner: Data?

    /// The time for which the target reads replies: longer for a server that sends without end.
    var patience: Duration {
        switch delivery {
        case .whole, .sliced, .cut, .stall: .milliseconds(30)
        case .trickle, .flood: .milliseconds(800)
        }
    }
}

/// The conversations of all connections of one input with a server that follows a script.
final class ScriptedReplies: Sendable {
    fileprivate struct State {
        /// The indices of the exchanges of each command, and the next of them.
        var positions: [String: (indices: [Int], next: Int)] = [:]
        /// The value that the ingest has set as the owner of the lease.
        var owner: [UInt8]?
    }

    fileprivate let script: ReplyScript
    private let state: Mutex<State>

    init(_ script: ReplyScript) {
        self.script = script
        var state = State()
        for (index, exchange) in script.exchanges.enumerated() {
            state.positions[exchange.command, default: ([], 0)].indices.append(index)
        }
        self.state = Mutex(state)
    }

    /// Returns the reply of an exchange to this run's ingest.
    fileprivate func reply(_ index: Int) -> [UInt8] {
        let reply = script.exchanges[index].reply
        guard reply == script.owner, let owner = state.withLock({ $0.owner }) else { return Array(reply) }
        return Array("$\(owner.count)\r\n".utf8) + owner + Array("\r\n".utf8)
    }

    /// Remembers the owner of the lease.
    fileprivate func observe(_ command: ArraySlice<UInt8>) {
        let arguments = RESPSplitter.arguments(of: command)
        guard arguments.count > 2, arguments[0].elementsEqual("SET".utf8) else { return }
        state.withLock { $0.owner = Array(arguments[2]) }
    }

    /// Returns the next exchange of a command; nil if none was recorded.
    fileprivate func next(_ command: String) -> Int? {
        state.withLock { state in
            guard let (indices, next) = state.positions[command] else { return nil }
            state.positions[command] = (indices, next + 1)
            return indices[next % indices.count]
        }
    }
}

/// One connection of an input.
final class ScriptedConversation: FakeConversation {
    private struct State {
        var pending: [UInt8] = []
        /// The time between two bytes; 0 to send the pending bytes in pieces.
        var pause: UInt32 = 0
        var floodPiece: [UInt8]?
        var floodedBytes = 0
        /// The number of pieces sent.
        var pieces = 0
        var isStalled = false
    }

    private let replies: ScriptedReplies
    private let state = Mutex(State())
    /// The number of bytes after which a flood ends. Twice the growth that is allowed.
    private static let maxFlood = 160 << 20
    /// The number of small pieces per connection. Each takes about a millisecond.
    private static let maxPieces = 500

    init(_ replies: ScriptedReplies) {
        self.replies = replies
    }

    func reply(to command: ArraySlice<UInt8>) -> FakeReply {
        state.withLock { state in
            guard !state.isStalled, state.floodPiece == nil else { return .bytes([]) }
            replies.observe(command)
            guard let index = replies.next(Exchange.name(of: command)) else {
                return add(Array("+OK\r\n".utf8), &state)
            }
            let bytes = replies.reply(index)
            switch replies.script.delivery {
            case .cut(index, let count): return .last(state.pending + bytes.prefix(count))
            case .stall(index, let count):
                state.isStalled = true
                return .bytes(Array(bytes.prefix(count)))
            case .trickle(index, let start, let milliseconds):
                state.isStalled = true
                state.pause = UInt32(milliseconds) * 1_000
                state.pending += start.isEmpty ? Array(bytes.dropLast(2)) : Array(start.utf8)
                state.pending += [UInt8](repeating: UInt8(ascii: "1"), count: 100_000)
                return .bytes([])
            case .flood(index, let count, let start, let piece):
                state.floodPiece = Array(String(repeating: piece, count: max(1, (256 << 10) / piece.utf8.count)).utf8)
                return .bytes(state.pending + bytes.prefix(count) + Array(start.utf8))
            default: return add(bytes, &state)
            }
        }
    }

    private func add(_ bytes: [UInt8], _ state: inout State) -> FakeReply {
        guard case .sliced = replies.script.delivery else { return .bytes(bytes) }
        state.pending += bytes
        return .bytes([])
    }

    func unsolicited() -> [UInt8]? {
        state.withLock { state in
            if let piece = state.floodPiece {
                guard state.floodedBytes < Self.maxFlood else { return nil }
                state.floodedBytes += piece.count
                return piece
            }
            guard !state.pending.isEmpty else { return nil }
            if state.pause > 0 { usleep(state.pause) }
            var count = 1
            if case .sliced(let size) = replies.script.delivery {
                // A query that finds very many partitions reads megabytes.
                count = state.pieces < Self.maxPieces ? size : 64 << 10
                state.pieces += 1
            }
            defer { state.pending.removeFirst(min(count, state.pending.count)) }
            return Array(state.pending.prefix(count))
        }
    }
}
