package import HyperoSchema

/// A forward cursor over the elements of one reply.
///
///     var reply = try connection.receive()
///     for _ in 0..<(try reply.array() ?? 0) { … try reply.string() … }
///
/// Each reading method returns the next element and advances the cursor. It throws the error if the element is an error
/// reply. It throws category ``RedisError/Category/connection`` if the element has another type than requested or is
/// missing: the client and the server are out of step, and the connection must be closed.
///
/// A reply stays valid while the caller holds it, even after later replies: the connection then uses another buffer.
package struct Reply {
    private let buffer: ReplyBuffer
    private var position = 0

    init(_ buffer: ReplyBuffer) {
        self.buffer = buffer
    }

    /// The error if the next element is an error reply, else nil. Does not advance.
    package var error: RedisError? {
        guard position < buffer.count, buffer[position].kind == .error else { return nil }
        return RedisError(reply: String(decoding: buffer.text(of: buffer[position]), as: UTF8.self))
    }

    /// True if the next element is null. Does not advance.
    package var isNull: Bool {
        position < buffer.count && buffer[position].kind == .null
    }

    /// The number of bytes in all texts of the reply, including those beyond the ``ReplyBounds``.
    package var byteCount: Int { buffer.byteCount }

    /// The number of elements of the reply, including those beyond the bounds.
    package var elementCount: Int { buffer.elementCount }

    /// True if the whole reply is within the bounds.
    package var isComplete: Bool { buffer.isComplete }

    /// Reads the header of an array and returns the number of its elements, which are read next; nil for null.
    package mutating func array() throws(RedisError) -> Int? {
        let element = try next()
        switch element.kind {
        case .array: return element.value
        case .null: return nil
        default: throw unexpected(element, expected: "an array")
        }
    }

    /// Reads a text or status; nil for null.
    package mutating func string() throws(RedisError) -> String? {
        let element = try next()
        switch element.kind {
        case .text, .status: return String(decoding: buffer.text(of: element), as: UTF8.self)
        case .null: return nil
        default: throw unexpected(element, expected: "text")
        }
    }

    /// Reads a text or status without copying it; nil for null. The bytes are valid while the reply is held.
    package mutating func bytes() throws(RedisError) -> Bytes? {
        let element = try next()
        switch element.kind {
        case .text, .status: return buffer.text(of: element)
        case .null: return nil
        default: throw unexpected(element, expected: "text")
        }
    }

    /// Reads an integer.
    package mutating func integer() throws(RedisError) -> Int {
        let element = try next()
        guard element.kind == .integer else { throw unexpected(element, expected: "an integer") }
        return element.value
    }

    /// Reads an array of texts; empty for null.
    package mutating func strings() throws(RedisError) -> [String?] {
        let count = try array() ?? 0
        var strings: [String?] = []
        strings.reserveCapacity(count)
        for _ in 0..<count { strings.append(try string()) }
        return strings
    }

    /// Reads an array of texts. If the reply is truncated, reads those that are kept, of which the long ones are cut.
    package mutating func keptStrings() throws(RedisError) -> [String?] {
        guard !isAtTruncation else { return [] }
        let count = try array() ?? 0
        var strings: [String?] = []
        while strings.count < count, !isAtTruncation { strings.append(try string()) }
        return strings
    }

    /// Reads an array of texts with a known number of elements, such as the reply of HMGET.
    ///
    /// - Throws: category ``RedisError/Category/connection`` also for null and for another number of elements.
    package mutating func strings(count: Int) throws(RedisError) -> [String?] {
        let strings = try strings()
        guard strings.count == count else {
            throw RedisError(
                .connection, "unexpected reply from Redis: \(strings.count) elements, expected \(count)")
        }
        return strings
    }

    /// Reads an array of alternating names and values, such as the reply of HGETALL, in the order of the server.
    package mutating func pairs() throws(RedisError) -> [(name: String, value: String)] {
        let count = (try array() ?? 0) / 2
        var pairs: [(name: String, value: String)] = []
        pairs.reserveCapacity(count)
        for _ in 0..<count { pairs.append((try string() ?? "", try string() ?? "")) }
        return pairs
    }

    /// The size of an array of texts.
    package struct TextArraySize {
        /// The number of texts in the array.
        package var count = 0
        /// The number of texts kept within the bounds, complete or truncated.
        package var keptCount = 0
        /// The number of bytes of the kept texts before truncation.
        package var byteCount = 0
        /// True if all texts are kept and none is truncated.
        package var isComplete = true
        /// True if a kept text is longer than ``ReplyBounds/maxTextBytes``.
        package var hasOversizedText = false
    }

    /// Reads an array of texts and returns its size only. If the reply is truncated, the array may be truncated too.
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
        guard size.keptCount == size.count || !isComplete else { throw Self.missingElement }
        if size.keptCount < size.count { size.isComplete = false }
        return size
    }

    /// Reads an array of alternating names and values as the fields of a stream entry, without copying them.
    ///
    /// If the reply is truncated, reads the fields that are kept. The bytes are valid while the reply is held.
    ///
    /// - Parameter fields: replaced by the fields read. Pass the same array again to reuse its memory.
    package mutating func fields(into fields: inout [WireField]) throws(RedisError) {
        var count = (try array() ?? 0) / 2
        if !isComplete { count = min(count, (buffer.count - position) / 2) }
        fields.removeAll(keepingCapacity: true)
        guard buffer.count - position >= 2 * count else { throw Self.missingElement }
        // Through variables, because each access by way of `self` would retain the buffer and store the position.
        let buffer = buffer
        let first = position
        position += 2 * count
        fields.reserveCapacity(count)
        for index in 0..<count {
            let (name, value) = (buffer[first + 2 * index], buffer[first + 2 * index + 1])
            guard name.kind == .text, value.kind == .text else {
                position = first + 2 * index
                _ = try next()
                _ = try next()
                throw unexpected(name.kind == .text ? value : name, expected: "text")
            }
            fields.append(
                WireField(
                    name: buffer.text(of: name), value: buffer.text(of: value), omittedOfName: name.omitted,
                    omittedOfValue: value.omitted))
        }
    }

    /// The number of elements if the next element is an array, else nil. Does not advance.
    package var nextArrayCount: Int? {
        position < buffer.count && buffer[position].kind == .array ? buffer[position].value : nil
    }

    /// True if all kept elements have been read.
    package var isAtEnd: Bool { position >= buffer.count }

    /// True if all kept elements have been read and the bounds cut off the elements after them.
    package var isAtTruncation: Bool { isAtEnd && !isComplete }

    /// Skips the next element with everything nested in it, error replies included. If the reply is truncated, skips the
    /// kept part.
    package mutating func skip() throws(RedisError) {
        var remaining = 1
        while remaining > 0 {
            guard position < buffer.count else {
                guard isComplete else { return }
                throw Self.missingElement
            }
            let element = buffer[position]
            position += 1
            remaining -= 1
            if element.kind == .array { remaining += element.value }
        }
    }

    /// Moves to the last array among the elements that are not read, and back by some elements.
    ///
    /// The search begins at the end: the elements before the array may be tens of thousands.
    package mutating func moveToLastArray(back count: Int) {
        var index = buffer.count - 1
        while index > position + count, buffer[index].kind != .array { index -= 1 }
        position = max(index - count, position)
    }

    private mutating func next() throws(RedisError) -> ReplyBuffer.Element {
        guard position < buffer.count else { throw Self.missingElement }
        let element = buffer[position]
        if element.kind == .error, let error {
            position += 1
            throw error
        }
        position += 1
        return element
    }

    private func unexpected(_ element: ReplyBuffer.Element, expected: String) -> RedisError {
        RedisError(.connection, "unexpected reply from Redis: \(element.kind), expected \(expected)")
    }

    private static var missingElement: RedisError { RedisError(.connection, "unexpected end of a reply from Redis") }
}
