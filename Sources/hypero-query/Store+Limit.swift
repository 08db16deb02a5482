import ArgumentParser
import HyperoQuery

extension Store {
    /// Says what is wrong with `--limit` before anybody is asked.
    static func validate(limit: Int) throws {
        guard limits.contains(limit) else {
            throw ValidationError("--limit \(limit) cannot be: give \(limits.lowerBound) to \(limits.upperBound)")
        }
    }
}
