import HyperoSchema

/// The maxima that a user stated, in order of the first appearance of each channel.
///
/// A batch can state many thousand channels, too many for the linear search of a ``CurveRow``.
struct StatedMaxima {
    private var interner = NameInterner()
    private var numbers: [Number] = []
    /// The epoch that the user stated; nil for none.
    private(set) var epoch: Int?

    init() {}

    init(_ prior: ExperimentState.StatedMaxima) {
        set(prior.cells, epoch: prior.epoch)
    }

    var cells: [CurveRow.Cell] { zip(interner.names, numbers).map { CurveRow.Cell($0, $1) } }

    /// The state after the batch.
    var posterior: ExperimentState.StatedMaxima { ExperimentState.StatedMaxima(cells: cells, epoch: epoch) }

    /// The number of channels.
    var count: Int { numbers.count }

    func contains(_ channel: String) -> Bool { interner.contains(channel) }

    /// Sets the values of some channels. The epoch stays if none is given.
    mutating func set(_ cells: [CurveRow.Cell], epoch: Int?) {
        for cell in cells {
            let index = interner.intern(cell.channel)
            if index == numbers.count { numbers.append(cell.number) } else { numbers[index] = cell.number }
        }
        self.epoch = epoch ?? self.epoch
    }
}

/// The maxima of one experiment: the row of an epoch, under the values that the user stated.
struct MaximaRow {
    /// The epoch whose row holds the maxima, with the row; nil without one.
    let base: (epoch: Int, row: RowTable.Row)?
    let stated: StatedMaxima?

    /// Returns all channels with their values: those of the row first.
    func cells(in table: RowTable) -> [CurveRow.Cell] {
        let row = base.map { table.cells(of: $0.row) } ?? []
        guard let stated else { return row }
        return row.filter { !stated.contains($0.channel) } + stated.cells
    }

    /// Returns the channels of the row.
    func channels(in table: RowTable) -> [String] { base.map { table.channels(of: $0.row) } ?? [] }

    /// Returns the origin; nil if there are no maxima.
    func source(in table: RowTable) -> MaximaSource? {
        guard let stated else { return base == nil ? nil : .curve }
        return channels(in: table).contains { !stated.contains($0) } ? .both : .user
    }

    /// Returns the epoch; nil if there are no maxima, or if all are stated without an epoch.
    func epoch(in table: RowTable) -> Int? {
        if let epoch = stated?.epoch { return epoch }
        return source(in: table) == .user ? nil : base?.epoch
    }
}
