import HyperoSchema

/// The learning curves that a report has, with few enough points for a page.
struct ReportCurves {
    /// The number of experiments whose curves of the objective are read.
    static let maxExperiments = 200
    /// The number of experiments whose curves of the other channels are kept.
    static let maxOfOthers = 50
    /// The number of channels.
    static let maxChannels = 24
    /// The number of points above which a curve is reduced.
    static let maxPoints = 500
    private static let bucketCount = 240

    private let objective: String
    private let others: Int
    private(set) var channels: [String]
    private(set) var lines: [BatteryReport.Line] = []
    /// The values of the objective of the first row, by epoch; nil without any.
    private(set) var best: [Double?]?

    /// - Parameter others: the number of experiments whose curves of other channels than the objective are kept.
    init(objective: String, others: Int = maxOfOthers) {
        self.objective = objective
        self.others = others
        channels = [objective]
    }

    /// Adds the curves of an experiment.
    mutating func add(_ curves: LearningCurves, row: Int) {
        if row == 0 { best = curves[objective] }
        for channel in curves.channels {
            let isObjective = channel.name.hasSameBytes(as: objective)
            guard isObjective || row < others else { continue }
            var index = channels.firstIndex { $0.hasSameBytes(as: channel.name) }
            if index == nil, channels.count < Self.maxChannels {
                channels.append(channel.name)
                index = channels.count - 1
            }
            guard let index else { continue }
            let points = curves.numbers(of: channel).map { ChartPoint(x: Double($0.epoch), y: $0.number.value) }
            lines.append(BatteryReport.Line(row: row, channel: index, points: Self.reduced(points)))
        }
    }

    /// Returns the lowest and the highest point of each of equally wide ranges of epochs, the first one of each that is not finite,
    /// and both ends; all points if they are few.
    static func reduced(_ points: [ChartPoint]) -> [ChartPoint] {
        guard points.count > maxPoints, let first = points.first, let last = points.last, first.x < last.x else {
            return points
        }
        var kept: Set<Int> = [0, points.count - 1]
        var bucket = -1
        var (lowest, highest, special): (Int?, Int?, Int?)
        func keep() { for index in [lowest, highest, special] { if let index { kept.insert(index) } } }
        for (index, point) in points.enumerated() {
            let place = min(
                Int((point.x - first.x) / (last.x - first.x) * Double(bucketCount)), bucketCount - 1)
            if place != bucket {
                keep()
                (lowest, highest, special) = (nil, nil, nil)
                bucket = place
            }
            guard point.y.isFinite else {
                special = special ?? index
                continue
            }
            if lowest.map({ point.y < points[$0].y }) ?? true { lowest = index }
            if highest.map({ point.y > points[$0].y }) ?? true { highest = index }
        }
        keep()
        return kept.sorted().map { points[$0] }
    }
}
