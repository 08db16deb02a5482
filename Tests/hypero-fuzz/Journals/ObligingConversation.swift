import Synchronization
import TestSupport

/// A server that accepts every event and says at once that it was applied.
///
/// It checks the commands: an argument that is longer than the journal contains bytes of other memory.
final class ObligingConversation: FakeConversation {
    private struct State {
        var queued: Int?
        var hasEvents = false
    }

    private let state = Mutex(State())
    private let maxArgument: Int
    private let onViolation: @Sendable (String) -> Void

    /// - Parameters:
    ///   - maxArgument: the largest argument that the input can contain.
    ///   - onViolation: called with a broken promise.
    init(maxArgument: Int, onViolation: @escaping @Sendable (String) -> Void) {
        self.maxArgument = maxArgument
        self.onViolation = onViolation
    }

    func unsolicited() -> [UInt8]? { nil }

    func reply(to command: ArraySlice<UInt8>) -> FakeReply {
        let arguments = RESPSplitter.arguments(of: command)
        if let long = arguments.first(where: { $0.count > maxArgument }) {
            onViolation("an argument of \(long.count) bytes from a smaller journal")
        }
        let text = state.withLock { state -> String in
            switch arguments.first.map({ String(decoding: $0, as: UTF8.self) }) {
            case "MULTI":
                state.queued = 0
                return "+OK\r\n"
            case "XADD":
                state.hasEvents = true
                guard let queued = state.queued else { return Self.id }
                state.queued = queued + 1
                return "+QUEUED\r\n"
            case "EXEC":
                let count = state.queued ?? 0
                state.queued = nil
                return "*\(count)\r\n" + String(repeating: Self.id, count: count)
            case "HGET":
                // Nothing is applied at first. Otherwise the client would send nothing.
                let isSeq = arguments.last.map { String(decoding: $0, as: UTF8.self) } == "seq"
                return isSeq && state.hasEvents ? "$20\r\n18446744073709551615\r\n" : "$-1\r\n"
            case "XRANGE": return "*0\r\n"
            default: return "+OK\r\n"
            }
        }
        return .bytes(Array(text.utf8))
    }

    private static let id = "$3\r\n1-1\r\n"
}
