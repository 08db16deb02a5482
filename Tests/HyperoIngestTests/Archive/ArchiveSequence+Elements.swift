import HyperoSchema

@testable import HyperoIngest

extension ArchiveSequence {
    /// Reads the files of a partition.
    ///
    /// - Returns: the milliseconds of the ids of entries, the subjects of commands, and the texts of holes, in their order, and the
    ///   number of entries that occurred before.
    static func elements(
        of paths: [String], skipsDamage: Bool = false
    ) throws -> (elements: [String], skipped: Int) {
        var sequence = try ArchiveSequence(paths, skipsDamage: skipsDamage)
        var found: [String] = []
        while let element = try sequence.next() {
            switch element {
            case .entry(let id, _): found.append("\(id.milliseconds)")
            case .command(let command, _): found.append(command.subject)
            case .hole(let hole): found.append(hole.text)
            }
        }
        return (found, sequence.skipped)
    }
}
