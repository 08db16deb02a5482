extension Event.Body {
    /// A sentence about the first violation of the limits of names and values; nil if there is none.
    ///
    /// The client checks the text of an event before it records the event. Epochs and values of channels are not
    /// checked.
    package var violation: String? {
        switch self {
        case .battery(let declaration):
            if let violation = Name.violation(declaration.name) {
                return "the battery name '\(printable(declaration.name))' \(violation)"
            }
            if let violation = Name.channelViolation(declaration.objective) {
                return "the objective '\(printable(declaration.objective))' \(violation)"
            }
            if let violation = declaration.directions.lazy.compactMap({ Name.channelViolation($0.channel) }).first {
                return "the name of a channel with a direction \(violation)"
            }
            guard !declaration.contradictsItself else {
                return
                    "the direction of the objective '\(printable(declaration.objective))' must be the same among the "
                    + "directions of channels, not \(declaration.direction.rawValue) and its opposite"
            }
            guard declaration.version.magnitude <= UInt(Limits.integer) else {
                return
                    "the battery version must be between -\(Limits.integer) and \(Limits.integer), not \(declaration.version)"
            }
            return Self.violation(of: declaration.description, named: "the battery description")
        case .param(let entries, let spaces):
            return Self.violation(of: entries, named: "the hyper-parameter")
                ?? Self.violation(of: spaces, named: "the distribution of the hyper-parameter")
        case .meta(let entries): return Self.violation(of: entries, named: "the metadata")
        case .search(let search): return violation(of: search)
        case .enqueue(_, let entries):
            guard entries.count <= Limits.pointValues else {
                return "a point must have at most \(Limits.pointValues) values, not \(entries.count)"
            }
            return Self.violation(of: entries, named: "the hyper-parameter")
        case .start, .epoch, .curve, .maxima, .end, .alive, .claim: return nil
        }
    }

    private func violation(of search: Event.Search) -> String? {
        if let violation = Name.violation(search.name) {
            return "the name of the search '\(printable(search.name))' \(violation)"
        }
        if let sampler = search.sampler, let violation = Name.violation(sampler) {
            return "the name of the sampler '\(printable(sampler))' \(violation)"
        }
        guard (1...Limits.trials).contains(search.trials) else {
            return "the number of trials must be between 1 and \(Limits.trials), not \(search.trials)"
        }
        guard Limits.attempts.contains(search.attempts) else {
            return
                "the number of attempts must be between 1 and \(Limits.attempts.upperBound), not \(search.attempts)"
        }
        guard Limits.lease.contains(Int(search.lease)) else {
            return
                "the lease must be between \(Limits.lease.lowerBound) and \(Limits.lease.upperBound) ms, not \(search.lease)"
        }
        return search.stopping?.violation
    }

    private static func violation(of entries: [Event.Entry], named subject: String) -> String? {
        for entry in entries {
            let name = "\(subject) '\(printable(entry.name))'"
            if let violation = Name.violation(entry.name) { return "the name of \(name) \(violation)" }
            if let violation = violation(of: entry.value, named: name) { return violation }
        }
        return nil
    }

    private static func violation(of value: String, named subject: String) -> String? {
        guard value.utf8.count > Limits.value else { return nil }
        return "\(subject) has \(value.utf8.count) bytes: at most \(Limits.value) are allowed"
    }
}
