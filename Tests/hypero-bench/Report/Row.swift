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
    /// Nil when it could not be measured; the note says why.
    let value: Double?
    let unit: Unit
    var peer: Peer?
    var targets: [Target] = []
    var note: String?

    /// The value as so many times the peer's; nil without one, or with one of 0.
    var ratio: Double? {
        guard let value, let peer, peer.value != 0 else { return nil }
        return value / peer.value
    }

    /// Whether a target is met.
    func isMet(_ target: Target) -> Bool {
        let number = target.subject == .value ? value : ratio
        return number.map { target.isMet(by: $0) } ?? false
    }
}
