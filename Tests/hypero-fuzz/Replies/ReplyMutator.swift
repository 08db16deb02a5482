import Foundation
import TestSupport

/// The mutations of a recorded conversation.
struct ReplyMutator {
    private var random: SeededGenerator

    init(_ random: SeededGenerator) {
        self.random = random
    }

    mutating func script(from conversations: [ReplyTarget: [Exchange]]) -> ReplyScript {
        // The client and the ingest have the longest conversations.
        let target = random.pick([.client, .client, .client, .ingest, .ingest, .ingest] + ReplyTarget.queries)
        let exchanges = conversations[target] ?? []
        // The lease names its owner, and each ingest has another name.
        let owner = exchanges.first { $0.command == "GET" && $0.reply.count > 8 }?.reply
        var script = ReplyScript(target: target, exchanges: exchanges, delivery: .whole, owner: owner)
        guard !script.exchanges.isEmpty else { return script }
        for _ in 0..<draw(0...4) { mutate(&script.exchanges) }
        script.delivery = delivery(of: script)
        return script
    }

    private mutating func delivery(of script: ReplyScript) -> ReplyScript.Delivery {
        let exchange = anyIndex(script.exchanges)
        let bytes = draw(0...max(0, script.exchanges[exchange].reply.count - 1))
        switch draw(0...39) {
        case 0...3: return .sliced(draw(1...64))
        case 4...7: return .cut(exchange: exchange, bytes: bytes)
        case 8: return .stall(exchange: exchange, bytes: bytes)
        case 9:
            return .trickle(
                exchange: exchange, start: random.pick(["", "$1000000\r\n", "*1000000\r\n:", "+"]),
                milliseconds: draw(1...20))
        case 10...11:
            let (start, piece) = random.pick([
                ("$2000000000\r\n", "a"), ("+", "a"), ("*100000000\r\n", "$-1\r\n"), ("", "$-1\r\n"), ("", ":1\r\n"),
                ("*1\r\n", "*1\r\n"), ("*1000000000\r\n", "$1\r\na\r\n"), ("$", "1"), ("-", "ERR "),
            ])
            // In place of the reply, after it, or in its middle.
            let count = random.pick([0, 0, script.exchanges[exchange].reply.count, bytes])
            return .flood(exchange: exchange, bytes: count, start: start, piece: piece)
        default: return .whole
        }
    }

    private mutating func mutate(_ exchanges: inout [Exchange]) {
        guard !exchanges.isEmpty else { return }
        let index = anyIndex(exchanges)
        var bytes = Array(exchanges[index].reply)
        switch draw(0...11) {
        case 0: flipBits(of: &bytes)
        case 1...3: changeLength(in: &bytes)
        case 4: changeType(in: &bytes)
        case 5: bytes = Array(random.pick(Self.errors).utf8)
        case 6: bytes = Array(random.pick(Self.values).utf8)
        case 7: bytes = Array(exchanges[anyIndex(exchanges)].reply)
        case 8: bytes += Array(exchanges[anyIndex(exchanges)].reply)
        case 9: bytes = []
        case 10: bytes = Array(String(repeating: "*1\r\n", count: draw(1...5_000)).utf8) + bytes
        default: changeInteger(in: &bytes)
        }
        exchanges[index].reply = Data(bytes)
    }

    /// Returns the index of an exchange. Each command is as likely as every other, however often it was sent.
    private mutating func anyIndex(_ exchanges: [Exchange]) -> Int {
        let command = random.pick(Array(Set(exchanges.map(\.command))).sorted())
        return random.pick(exchanges.indices.filter { exchanges[$0].command == command })
    }

    private mutating func flipBits(of bytes: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        for _ in 0..<(1 << draw(0...4)) { bytes[draw(0...bytes.count - 1)] ^= 1 << UInt8(draw(0...7)) }
    }

    /// Replaces the number of a `$` or `*` line.
    private mutating func changeLength(in bytes: inout [UInt8]) {
        let starts = bytes.indices.filter { index in
            (bytes[index] == UInt8(ascii: "$") || bytes[index] == UInt8(ascii: "*"))
                && (index == 0 || bytes[index - 1] == UInt8(ascii: "\n"))
        }
        guard !starts.isEmpty else { return }
        let start = random.pick(starts) + 1
        let end = bytes[start...].firstIndex(of: UInt8(ascii: "\r")) ?? bytes.count
        let old = Int(String(decoding: bytes[start..<end], as: UTF8.self)) ?? 0
        let new = random.pick([
            "-1", "0", "1", "\(old &+ 1)", "\(old &- 1)", "\(old &* 2)", "2147483647", "2147483648", "4294967295",
            "9223372036854775807", "9223372036854775808", "-2", "-9223372036854775808", "", "abc", "00005", "536870912",
            "1000000", " 3", "+3",
        ])
        bytes.replaceSubrange(start..<end, with: Array(new.utf8))
    }

    private mutating func changeType(in bytes: inout [UInt8]) {
        let starts = bytes.indices.filter { $0 == 0 || bytes[$0 - 1] == UInt8(ascii: "\n") }
        guard !starts.isEmpty else { return }
        bytes[random.pick(starts)] = random.pick(Array("+-:$*_#,(%~>!|=@ \0".utf8))
    }

    /// Replaces a run of digits in a value.
    private mutating func changeInteger(in bytes: inout [UInt8]) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let starts = bytes.indices.filter { digits.contains(bytes[$0]) }
        guard !starts.isEmpty else { return }
        let start = random.pick(starts)
        var end = start
        while end < bytes.count, digits.contains(bytes[end]) { end += 1 }
        let length = end - start
        // Of the same length, so that the lengths around it stay right.
        let new = random.pick(["9", "0", "1"])
        bytes.replaceSubrange(start..<end, with: Array(repeating: new.utf8.first!, count: length))
    }

    private static let errors = [
        "-ERR unknown command\r\n", "-WRONGTYPE Operation against a key\r\n", "-LOADING\r\n", "-NOAUTH\r\n",
        "-MOVED 1 127.0.0.1:1\r\n", "-MOVED 1 \r\n", "-MOVED\r\n", "-ASK 99999999999 :\r\n", "-READONLY\r\n",
        "-EXECABORT\r\n", "-OOM\r\n", "-UNBLOCKED\r\n", "-\r\n", "-BUSY \u{1B}[31m\r\n", "-NOPERM \0\r\n",
        "-" + String(repeating: "E", count: 100_000) + "\r\n",
    ]

    private static let values = [
        "$-1\r\n", "*-1\r\n", "*0\r\n", "$0\r\n\r\n", ":0\r\n", ":-1\r\n", ":9223372036854775807\r\n",
        ":99999999999999999999999\r\n", "+OK\r\n", "+QUEUED\r\n", "$3\r\n0-0\r\n",
        "$41\r\n18446744073709551615-18446744073709551615\r\n", "*2\r\n*2\r\n$-1\r\n*-1\r\n:1\r\n", "_\r\n", "#t\r\n",
        ",nan\r\n", "%1\r\n+a\r\n+b\r\n", "$5\r\nab", "*3\r\n$1\r\na\r\n", "\r\n", "\n", "\0\0\0\0",
    ]

    private mutating func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
}
