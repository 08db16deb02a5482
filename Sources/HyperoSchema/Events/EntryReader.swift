/// A reader of the fields of an entry by name. ``finish()`` rejects an entry with fields that were not read.
struct EntryReader {
    /// The kind of the event, for messages.
    var kind = EventKind.battery
    private let fields: UnsafeBufferPointer<WireField>
    /// One bit for each of the first 64 fields, set if the field was read. Few entries have more fields.
    private var readBits: UInt64 = 0
    /// One flag for each of the other fields, at most 960, true if the field was read.
    private var readFlags: [Bool] = []
    private var unreadCount: Int
    /// The index after the last field read. Fields are usually read in the order of the entry, so the search starts here.
    private var next = 0

    /// - Throws: ``Rejection`` if the entry has too many fields or bytes, or if a value is too long (``Limits``).
    init(_ fields: UnsafeBufferPointer<WireField>) throws(Rejection) {
        guard fields.count <= Limits.fields else {
            throw .tooMany(fields: fields.count)
        }
        var size = 0
        for field in fields {
            guard field.valueSize <= Limits.value else {
                // A long reason is cut, so that the rest of it counts nowhere.
                if EndReason.isField(field.name) {
                    size += field.nameSize + Limits.value
                    continue
                }
                throw Rejection(
                    "the field '\(Rejection.excerpt(field.name))' has \(field.valueSize) bytes: "
                        + "at most \(Limits.value) are allowed")
            }
            size += field.nameSize + field.valueSize
        }
        guard size <= Limits.entry else {
            throw Rejection("the entry has \(size) bytes: at most \(Limits.entry) are allowed")
        }
        self.fields = fields
        if fields.count > 64 { readFlags = Array(repeating: false, count: fields.count - 64) }
        unreadCount = fields.count
    }

    /// True if every field was read.
    var hasReadAllFields: Bool { unreadCount == 0 }

    /// Reads the field with a name; nil if there is none. Another field with the same name stays unread, and ``finish()``
    /// rejects it.
    mutating func value(_ name: String) -> Bytes? {
        var name = name
        return name.withUTF8 { name in
            for offset in 0..<fields.count {
                let index = (next + offset) % fields.count
                guard !isRead(index), fields[index].name.isEqual(to: name) else { continue }
                markRead(index)
                return fields[index].value
            }
            return nil
        }
    }

    /// Reads the reason of an end, cut and repaired; nil if there is none.
    mutating func reason() -> String? {
        guard let bytes = value(EventField.reason) else { return nil }
        return EndReason.text(of: bytes, isCut: fields[next - 1].valueSize > bytes.count)
    }

    /// Reads all fields whose names start with the prefix, in order. Returns their names without the prefix.
    ///
    /// - Throws: ``Rejection`` if there is no such field, or a name is repeated or not UTF-8.
    mutating func values(prefix: String) throws(Rejection) -> [(name: String, value: Bytes)] {
        let found = try valuesIfPresent(prefix: prefix)
        guard !found.isEmpty else {
            throw Rejection("an event '\(kind.rawValue)' must have at least one field \(prefix)<name>")
        }
        return found
    }

    /// Reads all fields whose names start with the prefix, in order. Returns their names without the prefix.
    ///
    /// - Throws: ``Rejection`` if a name is repeated or not UTF-8.
    mutating func valuesIfPresent(prefix: String) throws(Rejection) -> [(name: String, value: Bytes)] {
        var found: [(name: String, value: Bytes)] = []
        found.reserveCapacity(3)
        var prefixText = prefix
        let prefixLength = prefix.utf8.count
        for index in fields.indices where !isRead(index) {
            let bytes = fields[index].name
            guard bytes.count >= prefixLength,
                prefixText.withUTF8({ $0.isEqual(to: Bytes(rebasing: bytes[..<prefixLength])) })
            else { continue }
            guard let name = String(validating: Bytes(rebasing: bytes[prefixLength...]), as: UTF8.self) else {
                throw Rejection("the name of a field '\(prefix)…' must be UTF-8")
            }
            markRead(index)
            found.append((name, fields[index].value))
        }
        if let name = firstRepeated(found) { throw .repeated(prefix + printable(name)) }
        return found
    }

    private func firstRepeated(_ found: [(name: String, value: Bytes)]) -> String? {
        // For a few names, comparing pairs is cheaper than making a set.
        if found.count <= 4 {
            let repeated = found.indices.first { index in
                found[..<index].contains { $0.name.hasSameBytes(as: found[index].name) }
            }
            return repeated.map { found[$0].name }
        }
        var names: Set<ExactText> = []
        return found.first { !names.insert(ExactText($0.name)).inserted }?.name
    }

    /// Checks that every field was read.
    ///
    /// - Throws: ``Rejection`` for a field that the kind of event does not have, or that is repeated.
    func finish() throws(Rejection) {
        guard unreadCount > 0, let index = fields.indices.first(where: { !isRead($0) }) else { return }
        let name = fields[index].name
        let isRepeated = fields.indices.contains { isRead($0) && fields[$0].name.elementsEqual(name) }
        if isRepeated { throw .repeated(Rejection.excerpt(name)) }
        throw Rejection("the field '\(Rejection.excerpt(name))' is not allowed in an event '\(kind.rawValue)'")
    }

    /// Returns the text of a field's value.
    ///
    /// - Throws: ``Rejection`` if the value is not UTF-8.
    func utf8(_ bytes: Bytes, of field: String) throws(Rejection) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Rejection("the field '\(printable(field))' must be UTF-8")
        }
        return text
    }

    private func isRead(_ index: Int) -> Bool {
        index < 64 ? readBits & (1 << UInt64(index)) != 0 : readFlags[index - 64]
    }

    private mutating func markRead(_ index: Int) {
        if index < 64 { readBits |= 1 << UInt64(index) } else { readFlags[index - 64] = true }
        unreadCount -= 1
        next = index + 1
    }
}

// Each method reads the field with the name. Without such a field, `require…` throws and the others return nil.
extension EntryReader {
    mutating func requireValue(_ name: String) throws(Rejection) -> Bytes {
        guard let bytes = value(name) else { throw .missing(name, in: kind) }
        return bytes
    }

    mutating func text(_ name: String) throws(Rejection) -> String? {
        guard let bytes = value(name) else { return nil }
        return try utf8(bytes, of: name)
    }

    mutating func requireText(_ name: String) throws(Rejection) -> String {
        try utf8(try requireValue(name), of: name)
    }

    /// Reads a decimal integer from a minimum to ``Limits/integer``.
    mutating func integer(_ name: String, atLeast minimum: Int) throws(Rejection) -> Int? {
        guard let bytes = value(name) else { return nil }
        let isNegative = bytes.first == UInt8(ascii: "-")
        guard let magnitude = Bytes(rebasing: bytes.dropFirst(isNegative ? 1 : 0)).decimal,
            magnitude <= UInt64(Limits.integer), !isNegative || magnitude > 0
        else {
            throw .invalid(name, value: bytes, expected: "an integer from \(minimum) to \(Limits.integer)")
        }
        let value = isNegative ? -Int(magnitude) : Int(magnitude)
        guard value >= minimum else {
            throw .invalid(name, value: bytes, expected: "an integer from \(minimum) to \(Limits.integer)")
        }
        return value
    }

    /// Reads an epoch: an integer from 0 to ``Limits/integer``, possibly with zeros after a decimal point, as programs write
    /// that count in floating point numbers.
    mutating func epoch(_ name: String) throws(Rejection) -> Int? {
        guard let bytes = value(name) else { return nil }
        let point = bytes.firstIndex(of: UInt8(ascii: ".")) ?? bytes.endIndex
        let zeros = bytes[point...].dropFirst()
        guard point == bytes.endIndex || !zeros.isEmpty && zeros.allSatisfy({ $0 == UInt8(ascii: "0") }),
            let epoch = Bytes(rebasing: bytes[..<point]).decimal, epoch <= UInt64(Limits.integer)
        else { throw .invalid(name, value: bytes, expected: "an integer from 0 to \(Limits.integer)") }
        return Int(epoch)
    }

    mutating func requireEpoch() throws(Rejection) -> Int {
        guard let epoch = try epoch(EventField.epoch) else { throw .missing(EventField.epoch, in: kind) }
        return epoch
    }

    mutating func requireInteger(_ name: String, atLeast minimum: Int) throws(Rejection) -> Int {
        guard let value = try integer(name, atLeast: minimum) else { throw .missing(name, in: kind) }
        return value
    }
}
