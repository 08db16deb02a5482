/// Takes the fields of an entry one by one and knows which are left.
struct EntryReader {
    var kind = EventKind.battery
    private let fields: UnsafeBufferPointer<WireField>
    /// Which fields were taken, a bit each: at most 1,024 of them, and seldom more than 64.
    private var taken: [Bool]
    private var left: Int
    /// Where the last taken field stood. Fields come in the order they are asked for, so that the next is right behind.
    private var next = 0

    /// - Throws: when the entry as a whole is beyond the limits.
    init(_ fields: UnsafeBufferPointer<WireField>) throws(Rejection) {
        guard fields.count <= Limits.fields else {
            throw Rejection("the entry has \(fields.count) fields: the limit is \(Limits.fields)")
        }
        var size = 0
        for field in fields {
            guard field.value.count <= Limits.value else {
                throw Rejection(
                    "the field '\(Rejection.excerpt(field.name))' has \(field.value.count) bytes: "
                        + "the limit of a value is \(Limits.value)")
            }
            size += field.name.count + field.value.count
        }
        guard size <= Limits.entry else {
            throw Rejection("the entry has \(size) bytes: the limit is \(Limits.entry)")
        }
        self.fields = fields
        taken = Array(repeating: false, count: fields.count)
        left = fields.count
    }

    /// Takes the field of this name; nil when there is none. A second one of the name stays, and ``finish()`` refuses it.
    mutating func take(_ name: String) -> Bytes? {
        var name = name
        return name.withUTF8 { name in
            for offset in 0..<fields.count {
                let index = (next + offset) % fields.count
                guard !taken[index], fields[index].name.isEqual(to: name) else { continue }
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
        for index in fields.indices where !taken[index] {
            let bytes = fields[index].name
            guard bytes.count >= prefix.utf8.count, bytes.prefix(prefix.utf8.count).elementsEqual(prefix.utf8) else {
                continue
            }
            guard let name = String(validating: bytes.dropFirst(prefix.utf8.count), as: UTF8.self) else {
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
                found[..<index].contains { ExactText.isSame($0.name, found[index].name) }
            }
            return repeated.map { found[$0].name }
        }
        var names: Set<ExactText> = []
        return found.first { !names.insert(ExactText($0.name)).inserted }?.name
    }

    /// - Throws: when a field is left that the event does not have, or has already.
    func finish() throws(Rejection) {
        guard left > 0, let index = taken.firstIndex(of: false) else { return }
        let name = fields[index].name
        let isSecond = fields.indices.contains { taken[$0] && fields[$0].name.elementsEqual(name) }
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

    private mutating func mark(_ index: Int) {
        taken[index] = true
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
        let text = String(decoding: bytes, as: UTF8.self)
        // Comparing the texts refuses what Int reads and the contract has not: +1, 01, -0.
        guard let value = Int(text), String(value) == text, value >= least, value <= Limits.integer else {
            throw .invalid(name, bytes, "an integer from \(least) to \(Limits.integer)")
        }
        return value
    }

    mutating func requireInteger(_ name: String, atLeast least: Int) throws(Rejection) -> Int {
        guard let value = try integer(name, atLeast: least) else { throw .missing(name, in: kind) }
        return value
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Whether the bytes are the same; faster than `elementsEqual` on the short names of fields.
    func isEqual(to other: Self) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where self[index] != other[index] { return false }
        return true
    }
}
