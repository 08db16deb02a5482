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
        return RedisError(reply: buffer.withText(of: buffer[position]) { String(decoding: $0, as: UTF8.self) })
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
    package var isWhole: Bool { buffer.isWhole }

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

    /// What an array of texts comes to.
    package struct Extent {
        /// Texts that the array has.
        package var count = 0
        /// Texts that are here, whole or not.
        package var kept = 0
        /// Bytes of those as they came.
        package var bytes = 0
        /// Whether all of the array is here.
        package var isWhole = true
        /// Whether one of the texts is longer than the bounds let a text be.
        package var hasLongText = false
    }

    /// Takes an array of texts and says how large it is. Where the reply ends at its bounds, the array may too.
    package mutating func extent() throws(RedisError) -> Extent {
        var extent = Extent()
        extent.count = try array() ?? 0
        while extent.kept < extent.count, position < buffer.count {
            let element = buffer[position]
            guard element.kind == .text else { throw unexpected("text", element) }
            position += 1
            extent.kept += 1
            extent.bytes += element.length + Int(element.omitted)
            if element.omitted > 0 { extent.isWhole = false }
            if element.length + Int(element.omitted) > buffer.bounds.text { extent.hasLongText = true }
        }
        guard extent.kept == extent.count || !isWhole else { throw Self.short }
        if extent.kept < extent.count { extent.isWhole = false }
        return extent
    }

    /// Takes an array of texts as fields of an entry, and hands them out without a copy: those that are here, when the
    /// reply ends at its bounds.
    ///
    /// - Parameter fields: memory to reuse.
    package mutating func withFields<Result, Failure>(
        into fields: inout [WireField], _ body: (UnsafeBufferPointer<WireField>) throws(Failure) -> Result
    ) throws(RedisError) -> Swift.Result<Result, Failure> {
        var count = (try array() ?? 0) / 2
        let first = position
        if !isWhole { count = min(count, (buffer.count - position) / 2) }
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
                        value: Bytes(rebasing: text[value.value..<value.value + value.length]),
                        omittedOfName: name.omitted, omittedOfValue: value.omitted))
            }
            return fields.withUnsafeBufferPointer { fields in
                Swift.Result { () throws(Failure) in try body(fields) }
            }
        }
    }

    /// How many elements the array has that comes next, without taking it; nil when it is something else.
    package var nextCount: Int? {
        position < buffer.count && buffer[position].kind == .array ? buffer[position].value : nil
    }

    /// Whether nothing is left of the reply, as far as it is here.
    package var isAtEnd: Bool { position >= buffer.count }

    /// Whether nothing is left, because the reply went on beyond its bounds.
    package var isCutHere: Bool { isAtEnd && !isWhole }

    /// Takes the next element and all it holds, errors included; no more than is here, when the reply ends at its bounds.
    package mutating func skip() throws(RedisError) {
        var left = 1
        while left > 0 {
            guard position < buffer.count else {
                guard isWhole else { return }
                throw Self.short
            }
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
