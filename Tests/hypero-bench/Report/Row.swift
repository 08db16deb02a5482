/// One line of the table: a figure, and the value that the figure is compared with.
struct Row {
    /// The name and value of the comparison, in the figure's unit.
    struct Peer {
        let name: String
        let value: Double

        init(_ name: String, _ value: Double) {
            self.name = name
            self.value = value
        }
    }

    let section: SectionName
    /// The measured operation. Rows of one subject form a group of the table.
    let subject: String
    /// The name of the figure, for example `p99` or `rate`.
    let figure: String
    /// Nil if the figure could not be measured; the note has the reason.
    let value: Double?
    let unit: Unit
    var peer: Peer?
    var targets: [Target] = []
    var note: String?

    /// The value divided by the peer's value; nil without a peer, or if the peer's value is 0.
    var ratio: Double? {
        guard let value, let peer, peer.value != 0 else { return nil }
        return value / peer.value
    }

    /// Returns whether a target is met.
    func isMet(_ target: Target) -> Bool {
        let number = target.subject == .value ? value : ratio
        return number.map { target.isMet(by: $0) } ?? false
    }
}

/// The name of a section on the command line, in the tables and in JSON.
enum SectionName: String, CaseIterable, Encodable {
    case log
    case send
    case apply
    case endToEnd = "end-to-end"
    case query
    case memory
    case killed
    case partitions
    case connections
    case peers
    case search
    case stopping
}

/// The unit of a figure. The raw values appear in the tables and in JSON.
enum Unit: String, Encodable {
    case nanoseconds = "ns"
    case microseconds = "µs"
    case milliseconds = "ms"
    case seconds = "s"
    case perSecond = "1/s"
    case eventsPerSecond = "events/s"
    case bytes = "B"
    case mebibytes = "MiB"
    case percent = "%"
    case events
    case calls
    case servers
    case medians
    case objective = ""
}
