import HyperoSchema

/// The experiments of a battery for a page: the best ones with all their fields, and the learning curves of some.
///
/// The rows are in the order of the ranking by the objective. Experiments without a finite value follow, the newest first.
package struct BatteryReport: Sendable {
    /// The kind of a column.
    package enum Kind: String, Sendable {
        /// A field that every experiment has, such as `status`.
        case attribute
        /// A hyper-parameter.
        case param
        /// Metadata.
        case meta
        /// The value of a channel at the best epoch.
        case maximum = "max"
    }

    /// The scale on which the values of a hyper-parameter are compared.
    package enum Scale: String, Sendable {
        case linear, log, category
    }

    /// One column.
    package struct Column: Sendable {
        /// The name as in a filter: `param.lr`, `meta.dataset`, `max.valid`, `status`.
        package var name: String
        package var kind: Kind
        package var scale = Scale.linear
        /// The values of the rows as stored; nil for absent ones.
        package var values: [String?]

        package init(name: String, kind: Kind, scale: Scale = .linear, values: [String?]) {
            self.name = name
            self.kind = kind
            self.scale = scale
            self.values = values
        }

        /// The name without its prefix.
        package var label: String { kind == .attribute ? name : FieldName.unprefixed(name) }
        /// True if all rows have the same value.
        package var isConstant: Bool {
            guard let first = values.first, let value = first else { return values.allSatisfy { $0 == nil } }
            return values.allSatisfy { $0?.hasSameBytes(as: value) ?? false }
        }
    }

    /// The learning curve of one experiment and channel.
    package struct Line: Sendable {
        /// The index of the experiment's row.
        package var row: Int
        /// The index of the channel in ``BatteryReport/channels``.
        package var channel: Int
        package var points: [ChartPoint]

        package init(row: Int, channel: Int, points: [ChartPoint]) {
            self.row = row
            self.channel = channel
            self.points = points
        }
    }

    /// The battery's name.
    package var name: String
    /// The ids of the batteries, sorted by version.
    package var ids: [String]
    /// `version 3`, or `versions 1, 2`.
    package var versionsText: String
    /// The description of the newest version.
    package var description: String
    /// The objective of the newest version.
    package var objective: String
    /// True if high values of the objective are better.
    package var isHighestBest: Bool
    /// The channels of ``columns`` of which low values are better.
    package var lowestIsBest: [String]
    /// The time of the report in Unix milliseconds.
    package var now: Int64
    /// The number of experiments of the batteries.
    package var total: Int
    /// The condition on the experiments; nil for none.
    package var filter: Filter?
    /// True if a condition that is not named has left experiments out.
    package var isSelection = false
    /// The number of rows.
    package var count: Int
    /// True if further experiments were left out, because there are more than the limit.
    package var isCut: Bool
    package var columns: [Column]
    /// The channels of ``lines``, the objective first.
    package var channels: [String]
    package var lines: [Line]
    /// The importance of the hyper-parameters.
    package var importance: ImportanceReport?
    /// The difference to the best value that may be luck; nil if it cannot be estimated.
    package var noise: Noise?
    /// The searches of the batteries, the oldest first.
    package var searches: [SearchReport] = []
    /// The malformed values that were left out and the declarations without effect, one sentence each.
    package var warnings: [String]

    /// The sentence about ``noise``.
    package var noiseText: String? { noise?.text(of: objective, marking: .rows) }

    /// Returns a column; nil if it does not exist.
    package func column(_ name: String) -> Column? { columns.first { $0.name.hasSameBytes(as: name) } }

    /// The value of the objective of each row as stored; nil without one.
    package var objectiveValues: [String?] {
        column(Prefix.max + objective)?.values ?? [String?](repeating: nil, count: count)
    }
}

extension Noise {
    /// The difference below which two results cannot be told apart.
    package var limit: Double { Self.factor * standardDeviation }
}
