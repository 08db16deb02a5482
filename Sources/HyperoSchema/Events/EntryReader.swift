/// Takes the fields of an entry one by one and knows which are left.
struct EntryReader {
    var kind = EventKind.battery
    private let fields: UnsafeBufferPointer<WireField>
    /// Which of the first 64 fields were taken, a bit each: seldom there are more.
    private var takenFirst: UInt64 = 0
    /// Which of the others were taken, at most 960.
    private var takenRest: [Bool] = []
    private var left: Int
    /// Where the last taken field stood. Fields come in the order they are asked for, so that the next is right behind.
    private var next = 0

    /// - Throws: when the entry as a whole is beyond the limits.
    init(_ fields: UnsafeBufferPointer<WireField>) throws(Rejection) {
        guard fields.count <= Limits.fields else {
            throw .tooMany(fields: fields.count)
        }
        var size = 0
        for field in fields {
            guard field.valueSize <= Limits.value else {
                throw Rejection(
                    "the field '\(Rejection.excerpt(field.name))' has \(field.valueSize) bytes: "
                        + "the limit of a value is \(Limits.value)")
            }
            size += field.nameSize + field.valueSize
        }
        guard size <= Limits.entry else {
            throw Rejection("the entry has \(size) bytes: the limit is \(Limits.entry)")
        }
        self.fields = fields
        if fields.count > 64 { takenRest = Array(repeating: false, count: fields.count - 64) }
        left = fields.count
    }

    /// Whether every field was taken.
    var isEmpty: Bool { left == 0 }

    /// Takes the field of this name; nil when there is none. A second one of the name stays, and ``finish()`` refuses it.
    mutating func take(_ name: String) -> Bytes? {
        var name = name
        return name.withUTF8 { name in
            for offset in 0..<fields.count {
                let index = (next + offset) % fields.count
                guard !isTaken(index), fields[index].name.isEqual(to: name) else { continue }
                mark(index)
                return fields[index].value
            }
            return nil
        }
    }

    /// Takes every field whose name starts with the prefix, in order, and returns the rest of the names.
    ///
    /// - Throws: when there is no such field, and when a name comes twice.
    mutating func takeAll(_ prefix: String) throws(Rejection) -> [(name: String, value: Bytes)] {
        var found: [(name: String, value: Bytes)] = []
        found.reserveCapacity(3)
        var prefixText = prefix
        let prefixLength = prefix.utf8.count
        for index in fields.indices where !isTaken(index) {
            let bytes = fields[index].name
            guard bytes.count >= prefixLength,
                prefixText.withUTF8({ $0.isEqual(to: Bytes(rebasing: bytes[..<prefixLength])) })
            else { continue }
            guard let name = String(validating: Bytes(rebasing: bytes[prefixLength...]), as: UTF8.self) else {
                throw Rejection("the name of a field \(prefix)… is not UTF-8")
            }
            mark(index)
            found.append((name, fields[index].value))
        }
        guard !found.isEmpty else {
            throw Rejection("an event '\(kind.rawValue)' needs at least one field \(prefix)<name>")
        }
        if let name = firstRepeated(found) { throw Rejection("the field '\(prefix)\(printable(name))' comes twice") }
        return found
    }

    private func firstRepeated(_ found: [(name: String, value: Bytes)]) -> String? {
        // Comparing a few pairs costs less than making a set.
        if found.count <= 4 {
            let repeated = found.indices.first { index in
                found[..<index].contains { $0.name.hasSameBytes(as: found[index].name) }
            }
            return repeated.map { found[$0].name }
        }
        var names: Set<ExactText> = []
        return found.first { !names.insert(ExactText($0.name)).inserted }?.name
    }

    /// - Throws: when a field is left that the event does not have, or has already.
    func finish() throws(Rejection) {
        guard left > 0, let index = fields.indices.first(where: { !isTaken($0) }) else { return }
        let name = fields[index].name
        let isSecond = fields.indices.contains { isTaken($0) && fields[$0].name.elementsEqual(name) }
        throw Rejection(
            isSecond
                ? "the field '\(Rejection.excerpt(name))' comes twice"
                : "an event '\(kind.rawValue)' has no field '\(Rejection.excerpt(name))'")
    }

    func utf8(_ bytes: Bytes, of field: String) throws(Rejection) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Rejection("the field '\(printable(field))' is not UTF-8")
        }
        return text
    }

    private func isTaken(_ index: Int) -> Bool {
        index < 64 ? takenFirst & (1 << UInt64(index)) != 0 : takenRest[index - 64]
    }

    private mutating func mark(_ index: Int) {
        if index < 64 { takenFirst |= 1 << UInt64(index) } else { takenRest[index - 64] = true }
        left -= 1
        next = index + 1
    }
}

extension EntryReader {
    mutating func require(_ name: String, _ otherwise: String? = nil) throws(Rejection) -> Bytes {
        guard let bytes = take(name) else { throw otherwise.map { Rejection($0) } ?? .missing(name, in: kind) }
        return bytes
    }

    mutating func text(_ name: String) throws(Rejection) -> String? {
        guard let bytes = take(name) else { return nil }
        return try utf8(bytes, of: name)
    }

    mutating func requireText(_ name: String) throws(Rejection) -> String {
        try utf8(try require(name), of: name)
    }

    mutating func integer(_ name: String, atLeast least: Int) throws(Rejection) -> Int? {
        guard let bytes = take(name) else { return nil }
        let isNegative = bytes.first == UInt8(ascii: "-")
        guard let magnitude = Bytes(rebasing: bytes.dropFirst(isNegative ? 1 : 0)).decimal,
            magnitude <= UInt64(Limits.integer), !isNegative || magnitude > 0
        else {
            throw .invalid(name, bytes, "an integer from \(least) to \(Limits.integer)")
        }
        let value = isNegative ? -Int(magnitude) : Int(magnitude)
        guard value >= least else { throw .invalid(name, bytes, "an integer from \(least) to \(Limits.integer)") }
        return value
    }

    mutating func requireInteger(_ name: String, atLeast least: Int) throws(Rejection) -> Int {
        guard let value = try integer(name, atLeast: least) else { throw .missing(name, in: kind) }
        return value
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether the bytes are the same; faster than `elementsEqual` on the short names of fields.
    package func isEqual(to other: Self) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where self[index] != other[index] { return false }
        return true
    }
}
