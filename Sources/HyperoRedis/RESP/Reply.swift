package import HyperoSchema

/// A reply, read from its front to its end: each call takes the next element.
///
///     var reply = try connection.receive()
///     for _ in 0..<(try reply.array() ?? 0) { … try reply.string() … }
///
/// It stays valid as long as it is held: the connection takes another buffer then. An element that is an error reply is
/// thrown as such, and one of another type than asked for as a broken connection: what follows it cannot be trusted
/// either.
package struct Reply {
    private let buffer: ReplyBuffer
    private var position = 0

    init(_ buffer: ReplyBuffer) {
        self.buffer = buffer
    }

    /// The error that the next element is, without taking it.
    package var error: RedisError? {
        guard position < buffer.count, buffer[position].kind == .error else { return nil }
        return RedisError(reply: String(decoding: buffer.text(of: buffer[position]), as: UTF8.self))
    }

    /// Whether the next element is null, without taking it.
    package var isNull: Bool {
        position < buffer.count && buffer[position].kind == .null
    }

    /// Bytes of all texts of the reply, also of what was beyond the ``ReplyBounds``.
    package var byteCount: Int { buffer.byteCount }

    /// Elements of the reply, also those that were beyond the bounds.
    package var elementCount: Int { buffer.elementCount }

    /// Whether nothing was beyond the bounds.
    package var isComplete: Bool { buffer.isComplete }

    /// Takes an array's head; nil for null. Its elements come next.
    package mutating func array() throws(RedisError) -> Int? {
        let element = try next()
        switch element.kind {
        case .array: return element.value
        case .null: return nil
        default: throw unexpected(element, expected: "an array")
        }
    }

    /// Takes a text or status; nil for null.
    package mutating func string() throws(RedisError) -> String? {
        let element = try next()
        switch element.kind {
        case .text, .status: return String(decoding: buffer.text(of: element), as: UTF8.self)
        case .null: return nil
        default: throw unexpected(element, expected: "text")
        }
    }

    /// Takes a text, without a copy; nil for null. The bytes stay as long as the reply is held.
    package mutating func bytes() throws(RedisError) -> Bytes? {
        let element = try next()
        switch element.kind {
        case .text, .status: return buffer.text(of: element)
        case .null: return nil
        default: throw unexpected(element, expected: "text")
        }
    }

    /// Takes an integer.
    package mutating func integer() throws(RedisError) -> Int {
        let element = try next()
        guard element.kind == .integer else { throw unexpected(element, expected: "an integer") }
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

    /// What an array of texts comes to.
    package struct TextArraySize {
        /// Texts that the array has.
        package var count = 0
        /// Texts that are here, whole or not.
        package var keptCount = 0
        /// Bytes of those as they came.
        package var byteCount = 0
        /// Whether all of the array is here.
        package var isComplete = true
        /// Whether one of the texts is longer than the bounds let a text be.
        package var hasOversizedText = false
    }

    /// Takes an array of texts and says how large it is. Where the reply ends at its bounds, the array may too.
    package mutating func measureTexts() throws(RedisError) -> TextArraySize {
        var size = TextArraySize()
        size.count = try array() ?? 0
        while size.keptCount < size.count, position < buffer.count {
            let element = buffer[position]
            guard element.kind == .text else { throw unexpected(element, expected: "text") }
            position += 1
            size.keptCount += 1
            size.byteCount += element.length + Int(element.omitted)
            if element.omitted > 0 { size.isComplete = false }
            if element.length + Int(element.omitted) > buffer.bounds.maxTextBytes { size.hasOversizedText = true }
        }
        guard size.keptCount == size.count || !isComplete else { throw Self.truncatedReply }
        if size.keptCount < size.count { size.isComplete = false }
        return size
    }

    /// Takes an array of texts as fields of an entry, without a copy: those that are here, when the reply ends at its
    /// bounds. Their bytes stay as long as the reply is held.
    ///
    /// - Parameter fields: takes the fields instead of what it had; memory to reuse.
    package mutating func fields(into fields: inout [WireField]) throws(RedisError) {
        var count = (try array() ?? 0) / 2
        if !isComplete { count = min(count, (buffer.count - position) / 2) }
        fields.removeAll(keepingCapacity: true)
        for _ in 0..<count {
            let (name, value) = (try next(), try next())
            guard name.kind == .text, value.kind == .text else {
                throw unexpected(name.kind == .text ? value : name, expected: "text")
            }
            fields.append(
                WireField(
                    name: buffer.text(of: name), value: buffer.text(of: value), omittedOfName: name.omitted,
                    omittedOfValue: value.omitted))
        }
    }

    /// How many elements the array has that comes next, without taking it; nil when it is something else.
    package var nextArrayCount: Int? {
        position < buffer.count && buffer[position].kind == .array ? buffer[position].value : nil
    }

    /// Whether nothing is left of the reply, as far as it is here.
    package var isAtEnd: Bool { position >= buffer.count }

    /// Whether nothing is left, because the reply went on beyond its bounds.
    package var isAtTruncation: Bool { isAtEnd && !isComplete }

    /// Takes the next element and all it holds, errors included; no more than is here, when the reply ends at its bounds.
    package mutating func skip() throws(RedisError) {
        var left = 1
        while left > 0 {
            guard position < buffer.count else {
                guard isComplete else { return }
                throw Self.truncatedReply
            }
            let element = buffer[position]
            position += 1
            left -= 1
            if element.kind == .array { left += element.value }
        }
    }

    private mutating func next() throws(RedisError) -> ReplyBuffer.Element {
        guard position < buffer.count else { throw Self.truncatedReply }
        let element = buffer[position]
        if element.kind == .error, let error {
            position += 1
            throw error
        }
        position += 1
        return element
    }

    private func unexpected(_ element: ReplyBuffer.Element, expected: String) -> RedisError {
        RedisError(.connection, "Redis answered \(element.kind) where \(expected) was expected")
    }

    private static var truncatedReply: RedisError { RedisError(.connection, "Redis answered less than was expected") }
}
