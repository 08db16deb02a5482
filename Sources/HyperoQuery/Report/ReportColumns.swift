import HyperoSchema
import HyperoSearch

/// The columns of a report while its rows are read.
struct ReportColumns {
    /// The fields to read of each experiment.
    let fields: [String]
    private var values: [[String?]]
    private var attributes: [FilterAttribute: [String?]] = [:]
    /// The ids of the experiments in the order of the rows.
    private(set) var members: [ScanMember] = []
    private let objective: Int?
    /// The values of the ranking of the first rows.
    private var scores: [Double] = []
    private let batteries: [StoredBattery]
    private let fieldNames: [(field: String, kind: BatteryReport.Kind)]

    /// The fields of the hash that are columns of their own names.
    private static let stored: [FilterAttribute] = [
        .started, .updated, .epochs, .epoch, .seed, .host, .reason, .pid, .attempt, .nonfinite,
    ]

    /// - Parameter columns: the columns of the batteries, such as `param.lr`, `max.valid` and `curve.loss`.
    init(_ columns: [String], objective: String, in batteries: [StoredBattery]) {
        self.batteries = batteries
        var params: [String] = []
        var metas: [String] = []
        var maxima: [String] = []
        for column in columns {
            switch FieldName(column) {
            case .param: params.append(column)
            case .meta: metas.append(column)
            case .maximum: maxima.append(column)
            case .curve, .other: break
            }
        }
        func sorted(_ names: [String]) -> [String] { names.map { ExactText($0) }.sorted().map(\.text) }
        let channels = maxima.sorted { ChannelOrder(FieldName.unprefixed($0)) < ChannelOrder(FieldName.unprefixed($1)) }
        fieldNames =
            channels.map { ($0, .maximum) } + sorted(params).map { ($0, .param) } + sorted(metas).map { ($0, .meta) }
        let own = Self.stored.compactMap(\.field)
        fields = fieldNames.map(\.field) + own
        values = fields.map { _ in [] }
        self.objective = fieldNames.firstIndex { $0.field.hasSameBytes(as: Prefix.max + objective) }
    }

    /// The number of rows.
    var count: Int { members.count }

    /// Appends the row of an experiment.
    ///
    /// - Parameter isRanked: true for an experiment of the ranking, in its order.
    mutating func append(_ experiment: ScannedExperiment, isRanked: Bool) {
        for index in values.indices { values[index].append(experiment.values[index]) }
        let battery = batteries[experiment.battery]
        let status = experiment.liveness?.status?.rawValue
        let seen = experiment.liveness?.lastSeen.map { String($0) }
        var rank: String?
        if isRanked {
            rank = scores.last == experiment.score ? attributes[.rank]?.last ?? nil : String(count + 1)
            scores.append(experiment.score)
        }
        let own: [(FilterAttribute, String?)] = [
            (.id, experiment.experiment), (.battery, battery.id.text), (.version, String(battery.version)),
            (.status, status), (.seen, seen), (.rank, rank),
        ]
        for (attribute, text) in own { attributes[attribute, default: []].append(text) }
        members.append(experiment.member)
    }

    /// Estimates the noise from the ranked rows: from repetitions of one training, or the learning curve of the best one.
    ///
    /// - Parameter curve: the values of the objective of the best experiment; nil without a curve.
    func noise(curve: [Double?]?) -> Noise? {
        guard let best = members.first, !scores.isEmpty else { return nil }
        let params = fieldNames.indices.filter {
            fieldNames[$0].kind == .param && FieldName.unprefixed(fieldNames[$0].field) != "seed"
        }
        let nonfinite = fieldNames.count + (Self.stored.firstIndex(of: .nonfinite) ?? 0)
        var collection = ExperimentGroup.Collection()
        for row in scores.indices {
            let battery = batteries[members[row].battery]
            collection.add(
                RankedExperiment(members[row], in: batteries),
                // A training of another version is no repetition.
                stored: params.map { values[$0][row] } + [battery.id.text],
                outcome: .init(
                    isDone: attributes[.status]?[row] == ExperimentStatus.done.rawValue,
                    nonfinite: values[nonfinite][row]))
        }
        return Noise(groups: collection.groups) ?? curve.flatMap { Noise(curve: $0, of: best.experiment) }
    }

    /// The columns: the attributes that at least one experiment has, then the channels, hyper-parameters and metadata.
    ///
    /// - Parameter scales: the scales of hyper-parameters, by their names without prefix.
    func columns(scales: [String: BatteryReport.Scale]) -> [BatteryReport.Column] {
        let first = FilterAttribute.allCases.compactMap { attribute -> BatteryReport.Column? in
            let stored = Self.stored.firstIndex(of: attribute).map { values[fieldNames.count + $0] }
            guard let values = attributes[attribute] ?? stored else { return nil }
            let isNeeded = [.id, .status, .started, .rank].contains(attribute)
            guard isNeeded || values.contains(where: { $0 != nil }) else { return nil }
            return BatteryReport.Column(name: attribute.rawValue, kind: .attribute, values: values)
        }
        let logged = fieldNames.indices.compactMap { index -> BatteryReport.Column? in
            let (field, kind) = fieldNames[index]
            guard index == objective || values[index].contains(where: { $0 != nil }) else { return nil }
            return BatteryReport.Column(
                name: field, kind: kind, scale: scales[FieldName.unprefixed(field)] ?? .linear, values: values[index])
        }
        return first + logged
    }
}

extension BatteryReport.Scale {
    /// The scale of a hyper-parameter; nil if it is not known.
    init?(_ scale: ParameterScale?) {
        switch scale {
        case .logarithmic: self = .log
        case .categories: self = .category
        case .linear, .integers: self = .linear
        case nil: return nil
        }
    }
}
