/// Metrics in the text format of Prometheus, which its node_exporter reads from files.
///
/// Each metric has its HELP and TYPE lines, and the samples of all label values behind them, as the format demands:
/// <https://prometheus.io/docs/instrumenting/exposition_formats/>.
package struct MetricsText {
    /// The type of a metric.
    package enum Kind: String, Sendable {
        /// A number that only grows, or starts again at 0. Its name ends in `_total`.
        case counter
        /// A number that may also fall.
        case gauge
    }

    /// The value of a metric for some values of its labels.
    package struct Sample: Sendable {
        private(set) var labels: [(name: String, value: String)]
        let value: String

        /// - Parameter value: the number; nil if it is unknown. The sample is then left out.
        package init?(_ value: Int?, _ labels: (name: String, value: String)...) {
            guard let value else { return nil }
            self.labels = labels
            self.value = "\(value)"
        }

        package init?(_ flag: Bool?, _ labels: (name: String, value: String)...) {
            guard let flag else { return nil }
            self.labels = labels
            value = flag ? "1" : "0"
        }

        /// Creates a sample in seconds.
        ///
        /// - Parameter milliseconds: the time; nil if it is unknown. The sample is then left out.
        package init?(milliseconds: Int64?, _ labels: (name: String, value: String)...) {
            guard let milliseconds else { return nil }
            self.labels = labels
            // By digits, because a double has too few of them for any integer.
            let (seconds, rest) = milliseconds.quotientAndRemainder(dividingBy: 1_000)
            let digits = String(1_000 + rest.magnitude).dropFirst()
            value = (milliseconds < 0 && seconds == 0 ? "-" : "") + "\(seconds)" + (rest == 0 ? "" : ".\(digits)")
        }

        /// Returns the sample with a further label.
        func adding(_ name: String, _ value: String) -> Sample {
            var sample = self
            sample.labels.append((name, value))
            return sample
        }
    }

    /// The lines.
    package private(set) var text = ""

    package init() {}

    /// Adds a metric. Without a sample, nothing is added.
    ///
    /// - Parameters:
    ///   - name: the name with its unit, such as `hypero_behind_entries`.
    ///   - help: the meaning, one sentence.
    ///   - samples: the samples, in order. Those that are nil are left out.
    package mutating func add(_ name: String, _ kind: Kind, help: String, samples: [Sample?]) {
        let samples = samples.compactMap(\.self)
        guard !samples.isEmpty else { return }
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
        for sample in samples {
            let labels = sample.labels.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
            text += name + (labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}") + " \(sample.value)\n"
        }
    }

    /// Returns a text in which `\\`, `\n` and, in the value of a label, `\"` replace what would end it.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
