package import HyperoSchema

/// A reply, read from its front to its end: each call takes the next element.
///
///     var reply = try connection.receive()
///     for _ in 0..<(try reply.array() ?? 0) { … try reply.string() … }
///
/// It stays valid as long as it is held: the connection takes another buffer then. An element that is an error reply is thrown as such, and one of
/// another type than asked for as a broken connection: what follows it cannot be trusted either.
package struct Reply {
    private let buffer: ReplyBuffer
    private var position = 0

    init(_ buffer: ReplyBuffer) {
        self.buffer = buffer
    }

    /// The error that the next element is, without taking it.
    package var error: RedisError? {
        guard position < buffer.count, buffer[position].kind == .error else { return nil }
        return RedisError(reply: buffer.withText(of: buffer[position]) { String(decoding: $0, as: UTF8.self) })
    }

    /// Whether the next element is null, without taking it.
    package var isNull: Bool {
        position < buffer.count && buffer[position].kind == .null
    }

    /// Bytes of all texts of the reply.
    package var byteCount: Int { buffer.byteCount }

    /// Takes an array's head; nil for null. Its elements come next.
    package mutating func array() throws(RedisError) -> Int? {
        let element = try take()
        switch element.kind {
        case .array: return element.value
        case .null: return nil
        default: throw unexpected("an array", element)
        }
    }

    /// Takes a text or status; nil for null.
    package mutating func string() throws(RedisError) -> String? {
        let element = try take()
        switch element.kind {
        case .text, .status: return buffer.withText(of: element) { String(decoding: $0, as: UTF8.self) }
        case .null: return nil
        default: throw unexpected("text", element)
        }
    }

    /// Takes a text and hands its bytes out without a copy; nil for null.
    package mutating func withText<Result>(_ body: (Bytes) -> Result) throws(RedisError) -> Result? {
        let element = try take()
        switch element.kind {
        case .text, .status: return buffer.withText(of: element, body)
        case .null: return nil
        default: throw unexpected("text", element)
        }
    }

    /// Takes an integer.
    package mutating func integer() throws(RedisError) -> Int {
        let element = try take()
        guard element.kind == .integer else { throw unexpected("an integer", element) }
        return element.value
    }

    /// Takes an array of texts; empty for null.
    package mutating func strings() throws(RedisError) -> [String?] {
        let count = try array() ?? 0
        var strings: [String?] = []
        strings.reserveCapacity(count)
        for _ in 0..<count { strings.append(try string()) }
        return strings
    }

    /// Takes an array of names and values in turn, as HGETALL gives it, in the server's order.
    package mutating func pairs() throws(RedisError) -> [(name: String, value: String)] {
        let count = (try array() ?? 0) / 2
        var pairs: [(name: String, value: String)] = []
        pairs.reserveCapacity(count)
        for _ in 0..<count { pairs.append((try string() ?? "", try string() ?? "")) }
        return pairs
    }

    /// Takes an array of texts as fields of an entry, and hands them out without a copy.
    ///
    /// - Parameter fields: memory to reuse.
    package mutating func withFields<Result, Failure>(
        into fields: inout [WireField], _ body: (UnsafeBufferPointer<WireField>) throws(Failure) -> Result
    ) throws(RedisError) -> Swift.Result<Result, Failure> {
        let count = (try array() ?? 0) / 2
        let first = position
        for _ in 0..<count * 2 {
            let element = try take()
            guard element.kind == .text else { throw unexpected("text", element) }
        }
        return buffer.withAllText { text in
            fields.removeAll(keepingCapacity: true)
            for index in stride(from: first, to: first + count * 2, by: 2) {
                let name = buffer[index]
                let value = buffer[index + 1]
                fields.append(
                    WireField(
                        name: Bytes(rebasing: text[name.value..<name.value + name.length]),
                        value: Bytes(rebasing: text[value.value..<value.value + value.length])))
            }
            return fields.withUnsafeBufferPointer { fields in
                Swift.Result { () throws(Failure) in try body(fields) }
            }
        }
    }

    /// Takes the next element and all it holds, errors included.
    package mutating func skip() throws(RedisError) {
        var left = 1
        while left > 0 {
            guard position < buffer.count else { throw Self.short }
            let element = buffer[position]
            position += 1
            left -= 1
            if element.kind == .array { left += element.value }
        }
    }

    private mutating func take() throws(RedisError) -> ReplyBuffer.Element {
        guard position < buffer.count else { throw Self.short }
        let element = buffer[position]
        if element.kind == .error, let error {
            position += 1
            throw error
        }
        position += 1
        return element
    }

    private func unexpected(_ wanted: String, _ element: ReplyBuffer.Element) -> RedisError {
        RedisError(.broken, "Redis answered \(element.kind) where \(wanted) was expected")
    }

    private static var short: RedisError { RedisError(.broken, "Redis answered less than was expected") }
}
