import HyperoRedis
public import HyperoSchema

/// The client of an operator who has the lists, rankings, columns and maxima of batteries derived again: writes a command to the
/// control streams of their partitions, and waits until an ingest has carried it out.
///
///     let rebuilder = try Rebuilder(settings)
///     let request = try rebuilder.request(battery: "digits mlp", version: nil)
///     if try rebuilder.wait(for: request, atMost: .seconds(600)) { print(try rebuilder.outcome(of: request)) }
public final class Rebuilder {
    /// Commands that were written.
    public struct Request: Sendable {
        let commands: Deleter.Request
        /// The battery; nil for all.
        public let battery: DeletionPlan.Battery?
    }

    /// The numbers of a rebuild.
    public struct Outcome: Sendable, Hashable {
        let summary: RebuildSummary
        /// True if the ingest of a partition has not counted: it is of an older version, and has passed over the command.
        public let isUnknown: Bool
        /// True if the numbers of a partition were replaced by those of a later rebuild, which then are in this outcome.
        public let isReplaced: Bool

        /// The number of experiments that were read.
        public var experiments: Int { summary[.experiments] }
        /// The number of batteries that were read, once per partition.
        public var batteries: Int { summary[.batteries] }
        /// The number of hashes whose values were corrected.
        public var values: Int { summary[.values] }
        /// The number of entries of lists of experiments and batteries that were added or corrected.
        public var listed: Int { summary[.listed] }
        /// The number of entries of rankings that were added or corrected.
        public var ranked: Int { summary[.ranked] }
        /// The number of columns that were added.
        public var columns: Int { summary[.columns] }
        /// The number of entries of lists and rankings that were removed.
        public var removed: Int { summary[.removed] }
        /// The number of batteries without a whole declaration, which does not follow from the experiments.
        public var undeclared: Int { summary[.undeclared] }
        /// The number of experiments whose hash does not name its battery.
        public var nameless: Int { summary[.nameless] }
        /// The number of keys of another type, and of commands that the server refused. The log of the ingest has them.
        public var errors: Int { summary[.errors] }
    }

    private let deleter: Deleter

    /// Creates a rebuilder for a deployment.
    ///
    /// - Throws: ``SchemaError`` if the namespace or the number of partitions is invalid.
    public init(_ settings: IngestSettings) throws(SchemaError) {
        deleter = try Deleter(settings)
    }

    /// Writes the commands: XADD control * event rebuild ….
    ///
    /// - Parameters:
    ///   - name: the name or the id of a battery, which the list of batteries may lack; nil for all batteries.
    ///   - version: the version, if several batteries have the name; nil for any.
    /// - Throws: ``DeletionError`` if there is no such battery, or more than one, or if a command could not be written.
    public func request(battery name: String?, version: Int?) throws(DeletionError) -> Request {
        guard let name else {
            let partitions = try deleter.converting { try deleter.partitions() }
            return Request(commands: try deleter.request(partitions.map { .init($0, .rebuild(nil)) }), battery: nil)
        }
        let (id, match) = try deleter.find(battery: name, version: version, includingUnlisted: true)
        let commands = match.keyspaces.map { DeletionPlan.Command($0, .rebuild(id)) }
        return Request(commands: try deleter.request(commands), battery: match.battery)
    }

    /// Waits until an ingest has carried out all commands of a request.
    ///
    /// - Returns: false if the time has passed before that.
    public func wait(for request: Request, atMost duration: Duration) throws(DeletionError) -> Bool {
        try deleter.wait(for: request.commands, atMost: duration)
    }

    /// Returns an ingest that is to carry out the remaining commands of a request; nil if none owns any partition.
    public func owner(of request: Request) throws(DeletionError) -> Deleter.Owner? {
        try deleter.owner(of: request.commands)
    }

    /// Returns the numbers of a rebuild so far: HGET ingest rebuilt.
    public func outcome(of request: Request) throws(DeletionError) -> Outcome {
        try deleter.converting {
            var total = RebuildSummary()
            var (isUnknown, isReplaced) = (false, false)
            for (keyspace, id) in request.commands.commands {
                var reply = try deleter.call(["HGET", keyspace.ingest, IngestField.rebuilt], in: keyspace)
                // The commands are carried out in their order, so that a later one shows that this one is done.
                guard let text = try reply.string(), let latest = RebuildSummary.command(in: text), latest >= id,
                    let summary = RebuildSummary(text: text, of: latest)
                else {
                    isUnknown = true
                    continue
                }
                if latest > id { isReplaced = true }
                total += summary
            }
            return Outcome(summary: total, isUnknown: isUnknown, isReplaced: isReplaced)
        }
    }
}
