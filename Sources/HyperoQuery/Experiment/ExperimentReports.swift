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

    private var channelNames: Set<ExactText> {
        Set(records.flatMap { $0.curves.channels.map { ExactText($0.name) } })
    }

    /// True if CSV would have so many empty cells that it should not be written, as ``LearningCurves/isTooSparse``.
    package var isTooSparseForCSV: Bool {
        LearningCurves.isTooSparse(
            rows: records.reduce(0) { $0 + $1.curves.epochs.count }, columns: channelNames.count,
            values: records.reduce(0) { $0 + $1.curves.valueCount })
    }
}

extension ExperimentReports: Rendering {
    /// The experiments whose learning curves JSON does not have. Tables are never too sparse.
    package var notes: [Note] {
        records.filter(\.curves.isTooSparse).map { record in
            Note(
                topic: .sparseCurves,
                text: "the learning curves of '\(record.id)' are left out: \(record.curves.channels.count) channels in "
                    + "\(record.curves.epochs.count) epochs have only \(counted(record.curves.valueCount, noun: "value"))"
            )
        }
    }

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
        let channels = channelNames.map(\.text).sorted { ChannelOrder($0) < ChannelOrder($1) }
        CSV.write(["experiment", "epoch"] + channels, to: &page)
        for record in records {
            record.curves.forEachRow(columns: channels) { epoch, texts in
                CSV.write([record.id, String(epoch)] + texts, to: &page)
            }
        }
    }
}
