import HyperoQuery
import HyperoSchema

/// The findings that a page states in words.
struct ReportFacts {
    /// A row with the value of its objective.
    struct Result {
        let row: Int
        let value: Double
    }

    /// Hyper-parameters that several experiments share but for the seed.
    struct Setting {
        /// The best of these experiments.
        let row: Int
        let mean: Double
        let count: Int
    }

    /// The best experiment; nil if none is ranked.
    let best: Result?
    /// The second one.
    let second: Result?
    /// The best one of those that had their last event an hour ago or earlier.
    let earlier: Result?
    /// The number of experiments that started after the best one.
    let startedAfterBest: Int
    /// The number of rows within the noise of the best one, without it.
    let withinNoise: Int
    /// The values of other experiments with the hyper-parameters of the best one but for the seed, which are done, in the order of the
    /// ranking.
    let repetitions: [Double]
    /// The number of such experiments that are not done, or have no finite value.
    let failedRepetitionCount: Int
    /// The hyper-parameters with the best mean of two or more experiments that are done; nil if none were repeated.
    let bestSetting: Setting?
    /// The numbers of rows by status, in the order of ``ExperimentStatus``.
    let statuses: [(status: ExperimentStatus, count: Int)]
    /// The number of experiments with values that are not finite and without a best epoch.
    let divergedCount: Int
    /// The number of experiments with values that are not finite.
    let nonfiniteCount: Int
    /// The reasons of failures and the number of their experiments, the most frequent first.
    let reasons: [(reason: String, count: Int)]

    private static let hour: Int64 = 3_600_000

    init(_ report: BatteryReport) {
        func values(_ name: String) -> [String?] {
            report.column(name)?.values ?? [String?](repeating: nil, count: report.count)
        }
        let objectives = report.objectiveValues.map { $0.flatMap { Number(text: $0)?.value } ?? .nan }
        let ranked = objectives.indices.filter { objectives[$0].isFinite }
        let (started, updated) = (
            values("started").map { $0.flatMap { Int64($0) } }, values("updated").map { $0.flatMap { Int64($0) } }
        )
        func result(_ row: Int?) -> Result? { row.map { Result(row: $0, value: objectives[$0]) } }
        best = result(ranked.first)
        second = result(ranked.dropFirst().first)
        let now = report.now
        earlier = result(
            ranked.first { row in
                updated[row].map { now.subtractingReportingOverflow($0).partialValue > Self.hour } ?? false
            })
        if let first = ranked.first, let time = started[first] {
            startedAfterBest = started.count { $0.map { $0 > time } ?? false }
        } else {
            startedAfterBest = 0
        }
        if let best, let limit = report.noise?.limit {
            withinNoise = ranked.dropFirst().count { abs(objectives[$0] - best.value) <= limit }
        } else {
            withinNoise = 0
        }
        let status = values("status")
        let repeated = best.map { report.repetitions(of: $0.row) } ?? []
        let isDone = { row in status[row] == ExperimentStatus.done.rawValue && objectives[row].isFinite }
        repetitions = repeated.filter(isDone).map { objectives[$0] }
        failedRepetitionCount = repeated.count - repetitions.count
        if case .replicas? = report.noise?.source {
            bestSetting = report.settings(of: ranked.filter(isDone)).filter { $0.count > 1 }.map { rows in
                Setting(
                    row: rows[0], mean: rows.reduce(0) { $0 + objectives[$1] / Double(rows.count) }, count: rows.count)
            }.max { left, right in
                // Of equal means, the one with the better experiment, so that the page is the same each time.
                left.mean == right.mean ? left.row > right.row : report.isHighestBest == (left.mean < right.mean)
            }
        } else {
            bestSetting = nil
        }
        statuses = ExperimentStatus.allCases.compactMap { one in
            let count = status.count { $0 == one.rawValue }
            return count > 0 ? (one, count) : nil
        }
        let epochs = values("epochs")
        let nonfinite = values("nonfinite").indices(where: { $0.map { $0 != "0" } ?? false })
        nonfiniteCount = nonfinite.ranges.reduce(0) { $0 + $1.count }
        divergedCount = objectives.indices.count {
            !objectives[$0].isFinite && epochs[$0] != nil && nonfinite.contains($0)
        }
        var counts: [ExactText: Int] = [:]
        for (reason, status) in zip(values("reason"), status) where status != ExperimentStatus.done.rawValue {
            if let reason, !reason.isEmpty { counts[ExactText(reason), default: 0] += 1 }
        }
        reasons = counts.map { ($0.key.text, $0.value) }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
    }
}

extension BatteryReport {
    /// The columns of which repetitions have equal values: the hyper-parameters but for the seed, and the battery; empty without
    /// hyper-parameters.
    private var settingColumns: [Column] {
        let params = columns.filter { $0.kind == .param && $0.label != "seed" }
        return params.isEmpty ? [] : params + columns.filter { $0.kind == .attribute && $0.name == "battery" }
    }

    /// Returns the other rows with the hyper-parameters of a row but for the seed, and of its battery. Numbers are equal as in groups:
    /// 0.1 and 1e-1.
    fileprivate func repetitions(of row: Int) -> [Int] {
        let own = settingColumns.map { ($0.values, value: $0.values[row].flatMap(GroupValue.init(stored:))) }
        guard !own.isEmpty else { return [] }
        return (0..<count).filter { other in
            other != row && own.allSatisfy { values, value in values[other].flatMap(GroupValue.init(stored:)) == value }
        }
    }

    /// Returns the rows in groups of equal hyper-parameters, each in the given order.
    fileprivate func settings(of rows: [Int]) -> [[Int]] {
        let columns = settingColumns
        guard !columns.isEmpty else { return [] }
        return Array(
            Dictionary(grouping: rows) { row in columns.map { $0.values[row].flatMap(GroupValue.init(stored:)) } }
                .values)
    }
}
