/// One line of the table: a figure and what it stands beside.
struct Row {
    /// What a figure is compared with, in the figure's unit.
    struct Peer {
        let name: String
        let value: Double

        init(_ name: String, _ value: Double) {
            self.name = name
            self.value = value
        }
    }

    let section: SectionName
    /// What was done: the rows of one subject stand together.
    let subject: String
    /// What of it: `p99`, `rate`.
    let figure: String
    let value: Double
    let unit: Unit
    var peer: Peer?
    var targets: [Target] = []
    var note: String?

    /// The value as so many times the peer's; nil without one, or with one of 0.
    var ratio: Double? {
        peer.flatMap { $0.value == 0 ? nil : value / $0.value }
    }

    /// Whether a target is met.
    func isMet(_ target: Target) -> Bool {
        switch target.subject {
        case .value: target.isMet(by: value)
        case .ratio: ratio.map { target.isMet(by: $0) } ?? false
        }
    }
}
