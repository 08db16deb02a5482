import ArgumentParser
import Glibc
import HyperoCommandLine
import HyperoCore
import HyperoQuery

/// The options of charts.
struct ChartOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The channels to draw, each in a chart of its own. May be repeated. (default: the objective)",
            valueName: "a,b*")
    )
    var channel: [String] = []

    @Option(
        help: ArgumentHelp("The horizontal axis: epoch. time is refused: rows have no times.", valueName: "axis"))
    var x = "epoch"

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Draw the moving average, with this weight of the past: from 0 to below 1.", valueName: "weight"))
    var smooth = 0.0

    @Flag(help: "A logarithmic vertical axis. Values of 0 or less are in a lane below it.")
    var log = false

    @Flag(help: "A logarithmic horizontal axis.")
    var logX = false

    @Flag(help: "Show all values, also if outliers leave little height for the others.")
    var full = false

    @Flag(help: "Without colours, draw more than 4 curves in a chart.")
    var all = false

    @Option(
        help: ArgumentHelp(
            "The characters: braille, block or ascii. (default: braille, or ascii if the locale is not UTF-8)",
            valueName: "name"))
    var marker: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The width in columns, 16 to 1000. (default: that of the terminal, or 80)", valueName: "n"))
    var width: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The height of a plot in rows, 4 to 200. (default: 14, or 20 if it is wide)", valueName: "n")
    )
    var height: Int?

    func validate() throws {
        guard ["epoch", "time"].contains(x) else {
            throw ValidationError("--x must be epoch, not '\(x)'")
        }
        guard x != "time" else {
            throw ValidationError(
                "--x time is not possible: the rows of learning curves have epochs and no times. Use --x epoch, and compare "
                    + "for the duration of each experiment")
        }
        guard smooth >= 0, smooth < 1 else {
            throw ValidationError("--smooth must be from 0 to below 1, for example 0.9, not \(smooth)")
        }
        if let marker, ChartMarker(rawValue: marker) == nil {
            let names = ChartMarker.allCases.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--marker must be one of \(names), not '\(marker)'")
        }
        try Self.check("--width", is: width, within: Chart.Size.widths)
        try Self.check("--height", is: height, within: Chart.Size.heights)
    }

    private static func check(_ option: String, is value: Int?, within range: ClosedRange<Int>) throws {
        guard let value, !range.contains(value) else { return }
        throw ValidationError(
            "\(option) must be between \(range.lowerBound) and \(range.upperBound), not \(value)")
    }

    /// The channels of `--channel`; nil without it.
    var channels: [String]? { channel.isEmpty ? nil : channel.flatMap(ColumnList.names) }

    /// The advice for the remarks of charts.
    static let advice: [AdviceTopic: String] = [
        .pointsOutside: "--full shows all", .hiddenCurves: "--all draws all, --color always in colours",
        .sparseCurves: "The command curves has the values of a --channel, and export --curves has all of them",
    ]

    /// Returns the charts of some curves.
    func charts(of set: CurveSet, output: OutputOptions) -> CurveCharts {
        CurveCharts(
            set, scales: Chart.Scales(isLogX: logX, isLogY: log, isFull: full, smoothing: smooth),
            marker: marker.flatMap { ChartMarker(rawValue: $0) } ?? Self.usualMarker(output), width: width,
            height: height,
            drawsAll: all)
    }

    /// Returns the characters that standard output can show.
    static func usualMarker(_ output: OutputOptions) -> ChartMarker {
        .usual(
            for: Display(descriptor: STDOUT_FILENO, color: output.color),
            terminal: isatty(STDOUT_FILENO) == 1 ? ProcessEnvironment.value(of: "TERM") : nil)
    }
}
