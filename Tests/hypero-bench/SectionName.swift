import ArgumentParser

/// The parts of the benchmark.
enum SectionName: String, CaseIterable, ExpressibleByArgument, Encodable {
    case log
    case send
    case apply
    case endToEnd = "end-to-end"
    case query
    case memory
    case killed
    case peers

    /// What is run when nothing is named: what needs nothing but hypero and Redis.
    static let usual = allCases.filter { $0 != .peers }

    var section: any Section {
        switch self {
        case .log: LogSection()
        case .send: SendSection()
        case .apply: ApplySection()
        case .endToEnd: EndToEndSection()
        case .query: QuerySection()
        case .memory: MemorySection()
        case .killed: KilledSection()
        case .peers: PeersSection()
        }
    }
}
