import HyperoSchema

/// Experiments with their ranks, one after the other.
package struct ExperimentReports: Sendable {
    /// The experiments.
    package let records: [ExperimentRecord]
    /// One element per experiment; nil if the rank is not known.
    package let standings: [Standing?]
    /// The characters that charts are drawn with.
    package let marker: ChartMarker

    package init(_ records: [ExperimentRecord], standings: [Standing?], marker: ChartMarker) {
        self.records = records
        self.standings = standings
        self.marker = marker
    }

    /// The warnings of all experiments, each once.
    package var warnings: [String] {
        var seen: Set<String> = []
        return records.flatMap(\.warnings).filter { seen.insert($0).inserted }
    }
}

extension ExperimentReports: Rendering {
    package func writeTable(to page: inout Page) {
        for (index, (record, standing)) in zip(records, standings).enumerated() {
            if index > 0 {
                page.line()
                page.line()
            }
            record.writeTable(to: &page, standing: standing, marker: marker)
        }
    }

    /// Writes one object per experiment, with the keys of ``ExperimentRecord/writeJSON(to:)``.
    package func writeJSON(to page: inout Page) {
        for (record, standing) in zip(records, standings) { record.writeJSON(to: &page, standing: standing) }
    }

    /// Writes the learning curves, one record per epoch. Those of several experiments have the id in the first column, and the
    /// channels of all of them.
    package func writeCSV(to page: inout Page) {
        guard records.count > 1 else {
            records.first?.writeCSV(to: &page)
            return
        }
        let names = Set(records.flatMap { $0.curves.channels.map { ExactText($0.name) } })
        let channels = names.map(\.text).sorted { ChannelOrder($0) < ChannelOrder($1) }
        CSV.write(["experiment", "epoch"] + channels, to: &page)
        for record in records {
            let columns = Dictionary(record.curves.channels.map { (ExactText($0.name), $0) }) { first, _ in first }
            for (index, epoch) in record.curves.epochs.enumerated() {
                CSV.write(
                    [record.id, String(epoch)] + channels.map { columns[ExactText($0)]?.numbers[index]?.text },
                    to: &page)
            }
        }
    }
}
