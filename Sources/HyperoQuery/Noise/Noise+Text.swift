import HyperoSchema

extension Noise {
    /// The rows of a table that have the mark.
    enum Marking {
        case rows
        case noRow
        case groups
    }

    /// Returns the meaning of the mark, with the data from which the noise was estimated.
    func text(of channel: String, marking: Marking) -> String {
        let deviation = numberTexts([standardDeviation], precision: 2)[0]
        let limit = "\(numberTexts([Self.factor], precision: 2)[0]) x \(deviation)"
        let origin =
            switch source {
            case .replicas(let count):
                "the pooled standard deviation of \(counted(count, noun: "group")) of two or more"
            case .curve(let experiment, let count):
                "the changes of \(channel) between the last \(count) epochs of \(experiment), a lower bound"
            }
        return switch marking {
        case .rows: "within \(limit) of the best: \(origin)"
        case .noRow: "no other row is within \(limit) of the best: \(origin)"
        case .groups: "within the noise of the best mean: \(limit) for one result, \(origin)"
        }
    }
}

extension Note {
    /// Returns the note with the mark of the table in front, if it is about marked rows.
    func marked(isUnicode: Bool) -> Note {
        guard topic == .noise, text.hasPrefix("within ") else { return self }
        return Note(topic: topic, text: (isUnicode ? "≈ " : "~ ") + text)
    }
}
