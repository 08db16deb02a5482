import ArgumentParser
import HyperoCommandLine
import HyperoCore
import HyperoQuery
import HyperoSchema

/// The selection of the experiments to delete by `--where` and by the options of ``RetentionOptions``.
struct DeleteSelection {
    /// The name or the id of the battery; nil for all batteries.
    let battery: String?
    let version: Int?
    /// The values of `--where`. None without a battery.
    let expressions: [String]
    /// True if a field that no experiment has is missing, and no error.
    let isLenient: Bool
    let retention: RetentionOptions
    let deployment: DeploymentOptions

    /// The number of warnings that are printed.
    private static let maxWarnings = 10

    /// Selects the experiments. Ends the command if an expression has an error, or if there are none and no
    /// option of the retention is given.
    func experiments(printsWarnings: Bool = true) throws -> RetentionSelection {
        do {
            let filter = try Filter(all: expressions, isLenient: isLenient)
            // Also one of several: a variable of a script without value.
            guard try expressions.allSatisfy({ try !Filter($0).isEmpty }) else {
                printError("--where is empty, which every experiment fulfils. Delete the battery without --where")
                throw ExitCode.validationFailure
            }
            let store = try Store(deployment.server.redis, namespace: deployment.server.namespace)
            var warnings: [String] = []
            var selection = RetentionSelection()
            if retention.isGiven {
                var rule = try retention.rule(battery: battery, version: version)
                rule.filter = filter
                selection = try store.experiments(coveredBy: rule, warnings: &warnings)
            } else {
                selection = try store.experiments(
                    of: battery ?? "", version: version, where: filter, warnings: &warnings)
            }
            if !printsWarnings { warnings.removeAll() }
            for warning in warnings.prefix(Self.maxWarnings) { printError(warning) }
            if warnings.count > Self.maxWarnings {
                printError("and \(warnings.count - Self.maxWarnings) more warnings")
            }
            guard !selection.ids.isEmpty || retention.isGiven else {
                printError(
                    "no experiment of '\(printable(battery ?? ""))' fulfils \(filter.summary). Nothing was deleted")
                throw ExitCode.failure
            }
            return selection
        } catch let error as FilterError {
            printError(error.lines(hint: error.hint).joined(separator: "\n"))
            throw ExitCode.validationFailure
        } catch let error as QueryError {
            if case .invalidFilter(let error) = error.code {
                printError(error.lines(hint: error.hint).joined(separator: "\n"))
                throw ExitCode.validationFailure
            }
            printError(error.category == .denied ? "\(error). \(AccountRole.operator.advice)" : error.description)
            throw ExitCode.failure
        }
    }

    /// Returns the lines about the best experiments of batteries.
    static func lines(of best: [RetentionSelection.Best]) -> [String] {
        best.map {
            "battery '\(escapedText(printable($0.name)))' version \($0.version): the best \($0.count) of \($0.total) by "
                + "\(escapedText(printable($0.objective))) (\($0.direction.rawValue)) stay"
        }
    }

    /// Selects again those of some experiments that are still selected, because the user may have answered hours later.
    func stillSelected(of ids: [String]) throws -> RetentionSelection {
        var selection = try experiments(printsWarnings: false)
        let current = Set(selection.ids)
        selection.ids = ids.filter(current.contains)
        let count = ids.count - selection.ids.count
        guard count > 0 else { return selection }
        try printLine(
            count == 1
                ? "1 experiment does not fulfil the condition any more and stays"
                : "\(count) experiments do not fulfil the condition any more and stay")
        guard !selection.ids.isEmpty else {
            printError("nothing was deleted")
            throw ExitCode.failure
        }
        return selection
    }
}
