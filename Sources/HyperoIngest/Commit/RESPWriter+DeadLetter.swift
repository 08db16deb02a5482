import HyperoRedis
import HyperoSchema

extension RESPWriter {
    /// Adds XADD dead MAXLEN ~ n * field value … dead.reason text dead.id id [dead.cut text] [dead.omitted n].
    ///
    /// The fields are written as the bytes that were received, which need not be text.
    ///
    /// - Parameters:
    ///   - declaredCount: the number of fields that the entry had. Fields after the first ``Limits/fields`` are omitted.
    ///   - room: the number of bytes for the dead letter. If the entry has more, the dead letter keeps
    ///     ``Limits/deadValueWhenFull`` bytes of each value.
    mutating func addDeadLetter(
        to key: String, fields: UnsafeBufferPointer<WireField>, declaredCount: Int, reason: String, id: StreamID,
        room: Int = .max
    ) {
        let truncation = DeadLetterTruncation(fields, declaredCount: declaredCount, room: room)
        let kept = fields.prefix(Limits.fields)
        let omitted = declaredCount - kept.count
        begin(arguments: 6 + 2 * kept.count + 4 + (truncation.note == nil ? 0 : 2) + (omitted > 0 ? 2 : 0))
        add("XADD" as StaticString)
        add(key)
        add("MAXLEN" as StaticString)
        add("~" as StaticString)
        add(Limits.deadLetters)
        add("*" as StaticString)
        for field in kept {
            add(field.name, size: field.nameSize, limit: Limits.name)
            add(field.value, size: field.valueSize, limit: truncation.limit(for: field))
        }
        add(EventField.deadReason)
        add(reason)
        add(EventField.deadID)
        add(id.description)
        if let note = truncation.note {
            add(EventField.deadCut)
            add(note)
        }
        if omitted > 0 {
            add(EventField.deadOmitted)
            add(omitted)
        }
    }

    /// Adds bytes, truncated to the limit and marked with an ellipsis if they are longer.
    private mutating func add(_ bytes: Bytes, size: Int, limit: Int) {
        guard size > limit else { return add(UnsafeRawBufferPointer(bytes)) }
        add(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes).prefix(limit - 3)), suffix: "…")
    }
}

/// The parts of an oversized entry that its dead letter omits, so that dead letters do not fill Redis.
private struct DeadLetterTruncation {
    private let truncatesAll: Bool
    private let isFull: Bool
    /// The description of the missing parts; nil if the dead letter is complete.
    private(set) var note: String?

    init(_ fields: UnsafeBufferPointer<WireField>, declaredCount count: Int, room: Int) {
        let size = fields.reduce(0) { $0 + $1.nameSize + $1.valueSize }
        truncatesAll = count > Limits.fields || size > Limits.entry
        isFull = size > room
        var truncated = 0
        var longest = Limits.deadValue
        for field in fields.prefix(Limits.fields)
        where field.valueSize > limit(for: field) || field.nameSize > Limits.name {
            truncated += 1
            if field.valueSize > limit(for: field) { longest = max(longest, limit(for: field)) }
        }
        var parts: [String] = []
        if truncated > 0 { parts.append("\(truncated) of the fields are cut to \(longest) bytes") }
        if count > Limits.fields { parts.append("\(count - Limits.fields) of \(count) fields are left out") }
        note = parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    /// Returns the number of bytes that are kept of a field's value.
    func limit(for field: WireField) -> Int {
        if truncatesAll || field.valueSize > Limits.value { return Limits.deadValue }
        return isFull ? Limits.deadValueWhenFull : .max
    }
}
