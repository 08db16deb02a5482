import Foundation

/// A strict check of metrics in the text format of Prometheus, for machines without promtool, and promtool where it is installed.
package enum MetricsLint {
    /// Returns the violations; none if the text is right.
    package static func problems(in text: String) throws -> [String] {
        try grammarProblems(in: text) + promtoolProblems(in: text)
    }

    /// Checks each line, that each metric has its HELP and TYPE before its samples and stands in one piece, and the names.
    private static func grammarProblems(in text: String) throws -> [String] {
        var problems: [String] = []
        func report(_ problem: String, _ line: Substring) { problems.append("\(problem): \(line)") }
        let help = try Regex(#"# HELP ([a-z][a-z0-9_]*) [A-Z0-9](?:[^\\]|\\\\|\\n)*"#).matchingSemantics(.unicodeScalar)
        let type = try Regex(#"# TYPE ([a-z][a-z0-9_]*) (counter|gauge)"#)
        let label = #"[a-z][a-z0-9_]*="(?:[^"\\]|\\\\|\\"|\\n)*""#
        let sample = try Regex(#"([a-z][a-z0-9_]*)(\{\#(label)(?:,\#(label))*\})? -?[0-9]+(?:\.[0-9]+)?"#)
            .matchingSemantics(.unicodeScalar)
        if !text.isEmpty, !text.hasSuffix("\n") { problems.append("no line end at the end") }
        var current: (name: String, kind: String?)?
        var names: Set<String> = []
        var samples: Set<String> = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            if let match = line.wholeMatch(of: help), let name = match.output[1].substring {
                if !names.insert(String(name)).inserted { report("in two pieces", line) }
                current = (String(name), nil)
            } else if let match = line.wholeMatch(of: type), let name = match.output[1].substring,
                let kind = match.output[2].substring
            {
                if current?.name != String(name) || current?.kind != nil { report("TYPE not after HELP", line) }
                if name.hasSuffix("_total") != (kind == "counter") { report("_total is for counters", line) }
                current?.kind = String(kind)
            } else if let match = line.wholeMatch(of: sample), let name = match.output[1].substring {
                if current?.name != String(name) || current?.kind == nil { report("not after its TYPE", line) }
                let labels = match.output[2].substring.map(String.init) ?? ""
                if !samples.insert(name + labels).inserted { report("twice", line) }
            } else {
                report("no line of the format", line)
            }
        }
        return problems
    }

    private static func promtoolProblems(in text: String) throws -> [String] {
        guard try ChildProcess.run("sh", ["-c", "command -v promtool"]).succeeded else { return [] }
        let folder = try TemporaryFolder()
        try text.write(toFile: folder.file("metrics"), atomically: false, encoding: .utf8)
        let outcome = try ChildProcess.run(
            "sh", ["-c", "promtool check metrics <\"$1\"", "sh", folder.file("metrics")])
        return outcome.succeeded ? [] : [outcome.stdout + outcome.stderr]
    }
}
