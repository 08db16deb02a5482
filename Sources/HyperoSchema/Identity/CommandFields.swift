/// The value of ``IngestField/commands``.
package struct CommandsField: Sendable, Hashable, CustomStringConvertible {
    /// The number of commands that were carried out.
    package let count: Int
    /// The last of them.
    package let last: StreamID

    /// The highest count that is read, so that a next one can follow.
    private static let maxCount = Int.max / 2

    package init(count: Int, last: StreamID) {
        (self.count, self.last) = (count, last)
    }

    /// Parses the text; nil if it is malformed.
    package init?(_ text: String) {
        let words = text.split(separator: " ")
        guard words.count == 2, let count = Int(words[0]), (0...Self.maxCount).contains(count),
            let last = StreamID(words[1])
        else { return nil }
        self.init(count: count, last: last)
    }

    package var description: String { "\(count) \(last)" }
}

/// The value of ``IngestField/unarchived``.
package struct UnarchivedField: Sendable, Hashable, CustomStringConvertible {
    /// Commands that were carried out between the same entries.
    package struct Run: Sendable, Hashable {
        /// The first command.
        package let command: StreamID
        /// The series of the last entry that was applied before, the entry, and its number.
        package let series: UInt64
        package let after: StreamID
        package let count: Int
        /// The number of the first command, as ``IngestField/commands`` counts; nil if another version has written the field.
        package let number: Int?

        package init(command: StreamID, series: UInt64, after: StreamID, count: Int, number: Int? = nil) {
            (self.command, self.series, self.after, self.count) = (command, series, after, count)
            self.number = number
        }
    }

    /// A command with its place.
    package struct Place: Sendable, Hashable {
        package let command: StreamID
        package let run: Run
        /// The number of the command; nil if it is unknown.
        package let number: Int?
    }

    /// The runs, by ascending commands.
    package private(set) var runs: [Run] = []
    /// The first command after the runs whose place is unknown, because there were too many runs; nil if there is none.
    package private(set) var firstUnplaced: StreamID?

    /// The number of runs. The places of the commands of further ones are not kept.
    package static let maxRuns = 256

    package init() {}

    /// Parses the text. Leaves out what is malformed.
    package init(_ text: String) {
        for word in text.split(separator: " ") {
            let parts = word.split(separator: "/")
            guard let command = parts.first.flatMap({ StreamID($0) }) else { continue }
            if parts.count == 1 { firstUnplaced = firstUnplaced ?? command }
            guard (4...5).contains(parts.count), let series = UInt64(parts[1]), let after = StreamID(parts[2]),
                let count = Int(parts[3])
            else { continue }
            let number = parts.count == 5 ? Int(parts[4]).flatMap { (0..<Int.max / 2).contains($0) ? $0 : nil } : nil
            add(Run(command: command, series: series, after: after, count: count, number: number))
        }
    }

    package var description: String {
        let words = runs.map { run in
            "\(run.command)/\(run.series)/\(run.after)/\(run.count)" + (run.number.map { "/\($0)" } ?? "")
        }
        return (words + (firstUnplaced.map { ["\($0)"] } ?? [])).joined(separator: " ")
    }

    package var isEmpty: Bool { runs.isEmpty && firstUnplaced == nil }

    /// The first command; nil if there is none.
    package var first: StreamID? { runs.first?.command ?? firstUnplaced }

    /// Adds a command, unless it was carried out after the same entry as the one before. One with a number does not follow one of an
    /// earlier version, which has none.
    package mutating func add(_ run: Run) {
        guard firstUnplaced == nil else { return }
        if let last = runs.last {
            let isNumbered = last.number == nil && run.number != nil
            guard last.command < run.command, isNumbered || (last.series, last.after) != (run.series, run.after) else {
                return
            }
        }
        guard runs.count < Self.maxRuns else {
            firstUnplaced = run.command
            return
        }
        runs.append(run)
    }

    /// Forgets the places of the commands from an id on.
    package mutating func forgetPlaces(from id: StreamID) {
        runs.removeAll { $0.command >= id }
        firstUnplaced = firstUnplaced.map { min($0, id) } ?? id
    }

    /// Returns the places of the commands that the control stream still has. If another client has removed some of a run, the
    /// others keep their numbers.
    ///
    /// - Parameters:
    ///   - commands: the commands, ascending. Those without a place are left out.
    ///   - count: the number of commands that were carried out.
    package func places(of commands: [StreamID], count: Int) -> [Place] {
        var places: [Place] = []
        for (index, run) in runs.enumerated() {
            let end = index + 1 < runs.count ? runs[index + 1].command : firstUnplaced ?? .highest
            let found = commands.filter { $0 >= run.command && ($0 < end || end == .highest) }
            var number = run.number
            if let first = run.number, found.first != run.command, firstUnplaced == nil || index + 1 < runs.count {
                // Those at the beginning were removed.
                let next = index + 1 < runs.count ? runs[index + 1].number : count + 1
                number = next.map { max(first, $0 - found.count) }
            }
            for (offset, command) in found.enumerated() {
                places.append(Place(command: command, run: run, number: number.map { $0 + offset }))
            }
        }
        return places
    }
}
