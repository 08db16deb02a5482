extension Event.Body {
    /// What of the event the contract does not allow, as a sentence that names it; nil when all is well.
    ///
    /// For those who write events of text; numbers have rules of their own.
    package var violation: String? {
        switch self {
        case .battery(let declaration):
            if let violation = Name.violation(declaration.name) {
                return "the battery's name '\(printable(declaration.name))' \(violation)"
            }
            if let violation = Name.channelViolation(declaration.objective) {
                return "the objective '\(printable(declaration.objective))' \(violation)"
            }
            guard declaration.version.magnitude <= UInt(Limits.integer) else {
                return "the battery's version \(declaration.version) is beyond \(Limits.integer)"
            }
            return Self.violation(of: declaration.description, called: "the battery's description")
        case .param(let entries): return Self.violation(of: entries, called: "the hyper-parameter")
        case .meta(let entries): return Self.violation(of: entries, called: "the metadata")
        case .end(_, let reason): return Self.violation(of: reason ?? "", called: "the reason")
        case .start, .epoch, .curve, .maxima: return nil
        }
    }

    private static func violation(of entries: [Event.Entry], called what: String) -> String? {
        for entry in entries {
            if let violation = Name.violation(entry.name) { return "\(what) '\(printable(entry.name))' \(violation)" }
            if let violation = violation(of: entry.value, called: "\(what) '\(printable(entry.name))'") {
                return violation
            }
        }
        return nil
    }

    private static func violation(of value: String, called what: String) -> String? {
        guard value.utf8.count > Limits.value else { return nil }
        return "\(what) has \(value.utf8.count) bytes: give at most \(Limits.value)"
    }
}
