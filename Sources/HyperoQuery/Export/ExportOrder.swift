import HyperoSchema

/// The order of the experiments of an export.
enum ExportOrder {
    /// By the time of the first event.
    case time
    /// By the ranking of a channel, and then the experiments without a rank.
    case ranking(channel: String)
    /// By a field of the hashes, which needs a sort of all experiments.
    case field(String)

    /// - Parameter field: a field of an experiment's hash; nil for the time.
    init(field: String?) {
        switch field.map({ ($0, FieldName($0)) }) {
        case nil: self = .time
        case (ExperimentField.started, _)?: self = .time
        case (_, .maximum(let channel))?: self = .ranking(channel: channel)
        case (let field, _)?: self = .field(field)
        }
    }

    /// The value by which an experiment is sorted.
    enum Key: Comparable {
        // In this order: numbers precede texts.
        case number(Double)
        case text(String)

        /// Creates the key of a stored value; nil for a missing one, and for nan, which has no place among numbers.
        init?(stored: String?) {
            guard let stored else { return nil }
            if let number = Number(text: stored) {
                guard !number.value.isNaN else { return nil }
                self = .number(number.value)
            } else {
                self = .text(shownText(stored))
            }
        }

        static func < (left: Self, right: Self) -> Bool {
            switch (left, right) {
            case (.number(let left), .number(let right)): left < right
            case (.number, .text): true
            case (.text, .number): false
            case (.text(let left), .text(let right)): left.utf8.lexicographicallyPrecedes(right.utf8)
            }
        }

        static func == (left: Self, right: Self) -> Bool { !(left < right) && !(right < left) }
    }

    /// An experiment with its key: all that a sort keeps of it.
    struct Entry {
        let key: Key?
        let member: ScanMember
    }

    /// Returns the positions of experiments in the order of their keys. Those without a key are last in both directions. Equal keys are
    /// in the order of time.
    ///
    /// Positions are sorted instead of the entries, because a sort needs room for half of its elements.
    static func order(of entries: [Entry], isDescending: Bool) -> [Int32] {
        (0..<Int32(clamping: entries.count)).sorted { first, second in
            let (left, right) = (entries[Int(first)], entries[Int(second)])
            switch (left.key, right.key) {
            case (let leftKey?, let rightKey?) where leftKey != rightKey: return (leftKey < rightKey) != isDescending
            case (.some, nil): return true
            case (nil, .some): return false
            default: return left.member.precedes(right.member, highestFirst: false)
            }
        }
    }
}
