import ArgumentParser

/// A part of the benchmark that can run alone.
protocol Section {
    /// Measures the figures of the section, and adds a row for each to the report.
    func run(_ plan: Plan, report: Report) throws
}

extension SectionName: ExpressibleByArgument {
    /// The sections of a run without names: those that need only hypero, Redis and the usual limits
    /// of open files.
    static let defaults = allCases.filter { $0 != .peers && $0 != .connections && $0 != .partitions && $0 != .stopping }

    var section: any Section {
        switch self {
        case .log: LogSection()
        case .send: SendSection()
        case .apply: ApplySection()
        case .endToEnd: EndToEndSection()
        case .query: QuerySection()
        case .memory: MemorySection()
        case .killed: KilledSection()
        case .partitions: PartitionsSection()
        case .connections: ConnectionsSection()
        case .peers: PeersSection()
        case .search: SearchSection()
        case .stopping: StoppingSection()
        }
    }
}
