import ArgumentParser
import HyperoCommandLine
import HyperoIngest
import HyperoQuery
import HyperoSchema

// The writing of the commands, and the messages about their outcome.
extension DeleteCommand {
    /// Writes the commands of a plan, and waits until they are carried out or have expired.
    func carryOut(_ plan: DeletionPlan, with deleter: Deleter, isByRule: Bool) throws {
        guard !plan.experiments.isEmpty || plan.battery != nil else { return }
        let duration = Duration.seconds(timeout)
        do {
            let request = try deleter.request(plan, expiringAfter: isByRule ? duration : nil)
            let isDone = try deleter.wait(for: request, atMost: duration)
            if isByRule {
                let rest = try deleter.remainder(of: request)
                let owner = rest.expired.isEmpty && rest.begun.isEmpty ? nil : try deleter.owner(of: request)
                return try report(plan, rest, owner: owner)
            }
            guard isDone else {
                let state = Self.state(of: try deleter.owner(of: request))
                printError(
                    "timed out before everything was deleted: \(state). The deletion is requested and is carried out as soon as an "
                        + "ingest reads it")
                throw ExitCode.failure
            }
            try printLine(plan.outcome)
        } catch let error as DeletionError {
            let message = error.message.hasSuffix(".") ? String(error.message.dropLast()) : error.message
            printError(([message] + Self.outcome(of: deleter.written)).joined(separator: ". "))
            throw ExitCode.failure
        }
    }

    /// Prints the outcome of a rule.
    private func report(_ plan: DeletionPlan, _ rest: Deleter.Remainder, owner: Deleter.Owner?) throws {
        let done = plan.leavingOut(rest.all)
        if !done.experiments.isEmpty { try printLine(done.outcome) }
        try printChanged(rest.changed.sorted())
        if !rest.expired.isEmpty {
            printError(
                "timed out before everything was deleted: \(Self.state(of: owner)). "
                    + "\(Self.counted(rest.expired, "deletion has", "deletions have")) expired, and no ingest carries them out later"
            )
        }
        if !rest.begun.isEmpty {
            printError(
                "timed out while the curve of \(rest.begun.sorted().joined(separator: ", ")) is being thinned: an ingest completes it"
            )
        }
        if !rest.refused.isEmpty {
            let ids = rest.refused.sorted()
            printError(
                "\(Self.counted(rest.refused, "deletion was", "deletions were")) not carried out, for example of "
                    + "\(printable(ids[0])): the ingest has passed over the command, and its log says why")
        }
        if rest.all.count > rest.changed.count { throw ExitCode.failure }
    }

    /// Prints the number of experiments that are not deleted, because they have changed since the selection.
    func printChanged(_ ids: some Collection<String>) throws {
        guard let first = ids.first else { return }
        try printLine(
            ids.count == 1
                ? "experiment \(printable(first)) has changed since it was selected and stays"
                : "\(ids.count) experiments have changed since they were selected and stay")
    }

    private static func counted(_ ids: Set<String>, _ one: String, _ several: String) -> String {
        ids.count == 1 ? "1 \(one)" : "\(ids.count) \(several)"
    }

    /// Returns what happens to the commands that were written before an error.
    private static func outcome(of request: Deleter.Request) -> [String] {
        guard request.count > 0 else { return [] }
        let (subject, verb) = request.count == 1 ? ("1 deletion", "was") : ("\(request.count) deletions", "were")
        guard let expiry = request.expiry else {
            return ["\(subject) \(verb) requested before, and an ingest carries out the rest as soon as it reads it"]
        }
        return ["\(subject) \(verb) requested before. What no ingest has carried out by \(dateText(expiry)) expires"]
    }

    /// Returns the state of the ingest that is to carry out the commands.
    private static func state(of owner: Deleter.Owner?) -> String {
        switch (owner, owner?.visited) {
        case (let owner?, let tag?):
            "the ingest \(owner.name) is running, and looks at \(tag), of an earlier number of partitions, every 30 seconds, "
                + "so run the command again to wait longer"
        case (let owner?, nil): "the ingest \(owner.name) is running, so run the command again to wait longer"
        case (nil, _): "no ingest is running, so start hypero-ingest"
        }
    }
}
