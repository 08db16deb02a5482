import HyperoRedis
import HyperoSchema

extension RESPWriter {
    /// XADD dead MAXLEN ~ n * field value … dead.reason text dead.id id [dead.cut text dead.omitted n]: bytes as they
    /// came, also such that are no text.
    ///
    /// - Parameter count: fields that the entry had; those beyond ``Limits/fields`` are left out.
    mutating func addDeadLetter(
        to key: String, _ fields: UnsafeBufferPointer<WireField>, of count: Int, reason: String, id: StreamID
    ) {
        let cut = DeadLetterCut(fields, of: count)
        let kept = fields.prefix(Limits.fields)
        let omitted = count - kept.count
        begin(arguments: 6 + 2 * kept.count + 4 + (cut.note == nil ? 0 : 2) + (omitted > 0 ? 2 : 0))
        add("XADD" as StaticString)
        add(key)
        add("MAXLEN" as StaticString)
        add("~" as StaticString)
        add(Limits.deadLetters)
        add("*" as StaticString)
        for field in kept {
            add(field.name, size: field.nameSize, limit: Limits.name)
            add(field.value, size: field.valueSize, limit: cut.limit(for: field))
        }
        add(EventField.deadReason)
        add(reason)
        add(EventField.deadID)
        add(id.description)
        if let note = cut.note {
            add(EventField.deadCut)
            add(note)
        }
        if omitted > 0 {
            add(EventField.deadOmitted)
            add(omitted)
        }
    }

    /// Adds the bytes, or what fits of them with an ellipsis when they are more than a limit.
    private mutating func add(_ bytes: Bytes, size: Int, limit: Int) {
        guard size > limit else { return add(UnsafeRawBufferPointer(bytes)) }
        add(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes).prefix(limit - 3)), suffix: "…")
    }
}

/// What a dead letter leaves out of an entry that is beyond the limits, so that not the dead letters fill Redis.
private struct DeadLetterCut {
    private let cutsAll: Bool
    /// Says what is missing; nil when nothing is.
    private(set) var note: String?

    init(_ fields: UnsafeBufferPointer<WireField>, of count: Int) {
        let size = fields.reduce(0) { $0 + $1.nameSize + $1.valueSize }
        cutsAll = count > Limits.fields || size > Limits.entry
        var cut = 0
        for field in fields.prefix(Limits.fields)
        where field.valueSize > limit(for: field) || field.nameSize > Limits.name { cut += 1 }
        var parts: [String] = []
        if cut > 0 { parts.append("\(cut) of the fields are cut to \(Limits.deadValue) bytes") }
        if count > Limits.fields { parts.append("\(count - Limits.fields) of \(count) fields are left out") }
        note = parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    /// The bytes that are kept of a field's value.
    func limit(for field: WireField) -> Int {
        cutsAll || field.valueSize > Limits.value ? Limits.deadValue : .max
    }
}
