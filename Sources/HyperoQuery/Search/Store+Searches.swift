import HyperoRedis
import HyperoSchema

extension Store {
    /// The number of searches of a battery that are read, the newest ones.
    private static let maxSearches = 1_000
    /// The number of entries of a history per round trip.
    private static let historyPage = 500
    /// The number of round trips per history. A stream that another client does not trim would otherwise never end.
    private static let maxHistoryPages = 2_000

    /// Reads the searches of a battery, or one search.
    ///
    ///     let search = try store.searches(of: "s3f09c1aa").searches[0]
    ///     print(search.best?.value ?? .nan, search.best?.params ?? [])
    ///
    /// Reads the history of each search, in pages.
    ///
    /// - Parameters:
    ///   - name: the battery's name or id, or the id of a search.
    ///   - version: the battery's version; nil for all versions of the name.
    /// - Throws: ``QueryError`` of category ``QueryError/Category/notFound`` if the battery, version or search does not exist, and of
    ///   the other categories if Redis fails.
    public func searches(of name: String, version: Int? = nil) throws(QueryError) -> SearchList {
        try answer { () throws(QueryError) in
            var warnings: [String] = []
            let places = try searchPlaces(of: name, version: version, warnings: &warnings)
            let reports = try reports(of: places, warnings: &warnings)
            if reports.isEmpty, version == nil, let id = SearchID(name), places.contains(where: { $0.id == id }) {
                throw try unknownSearch(id, warnings: warnings)
            }
            return SearchList(subject: name, searches: reports, warnings: warnings)
        }
    }

    /// Reads the searches of batteries.
    func searches(
        of batteries: [StoredBattery], warnings: inout [String]
    ) throws(QueryError) -> [SearchReport] {
        let places = try searchPlaces(of: batteries, warnings: &warnings)
        return places.isEmpty ? [] : try reports(of: places, warnings: &warnings)
    }

    /// Returns the search with an id, that of a trial, or the searches of a battery.
    private func searchPlaces(
        of name: String, version: Int?, warnings: inout [String]
    ) throws(QueryError) -> [(id: SearchID, keyspace: Keyspace)] {
        var text = name
        let id = version == nil ? SearchID(name) ?? text.withUTF8 { SearchID.trial(of: $0)?.search } : nil
        if let id {
            let found = try searchPlaces(of: id, warnings: &warnings)
            if !found.isEmpty { return found }
        }
        let batteries: [StoredBattery]
        do throws(QueryError) {
            batteries = try storedBatteries(of: name, version: version, warnings: &warnings)
        } catch {
            guard let id, case .batteryNotFound = error.code else { throw error }
            throw try unknownSearch(id, warnings: error.warnings)
        }
        return try searchPlaces(of: batteries, warnings: &warnings)
    }

    /// Returns the partitions that have a search. It is in one of them, but the number of partitions may have changed.
    func searchPlaces(
        of id: SearchID, warnings: inout [String]
    ) throws(QueryError) -> [(id: SearchID, keyspace: Keyspace)] {
        let partitions = try partitions(warnings: &warnings)
        var pipeline = CommandPipeline()
        let replies = partitions.map { pipeline.append("EXISTS", $0.search(id), in: $0, as: .integer) }
        try connections.run(pipeline)
        var found: [(id: SearchID, keyspace: Keyspace)] = []
        for (keyspace, reply) in zip(partitions, replies) where try reply.value(or: 0, warnings: &warnings) > 0 {
            found.append((id, keyspace))
        }
        return found
    }

    /// Returns the newest searches of batteries.
    func searchPlaces(
        of batteries: [StoredBattery], warnings: inout [String]
    ) throws(QueryError) -> [(id: SearchID, keyspace: Keyspace)] {
        var pipeline = CommandPipeline()
        let replies = batteries.flatMap { battery in
            battery.keyspaces.map { keyspace in
                (
                    keyspace,
                    pipeline.append(
                        "ZRANGE", keyspace.searches(of: battery.id), "0", String(Self.maxSearches), "REV", in: keyspace,
                        as: .strings)
                )
            }
        }
        try connections.run(pipeline)
        var places: [(id: SearchID, keyspace: Keyspace)] = []
        for (keyspace, reply) in replies {
            for text in try reply.value(or: [], warnings: &warnings) {
                if let id = SearchID(text) {
                    places.append((id, keyspace))
                } else {
                    addScanWarning(
                        "'\(printable(text))' in a list of searches is not the id of a search", to: &warnings)
                }
            }
        }
        guard places.count > Self.maxSearches else { return places }
        warnings.append("only \(Self.maxSearches) searches are read, the newest ones. Name another one by its id")
        return Array(places.prefix(Self.maxSearches))
    }

    /// Returns the error for the id of a search that does not exist.
    func unknownSearch(_ id: SearchID, warnings: [String]) throws(QueryError) -> QueryError {
        var all: [String] = []
        var ignored: [String] = []
        for battery in try storedBatteries(warnings: &ignored) {
            all += try searchPlaces(of: [battery], warnings: &ignored).map(\.id.text)
        }
        return QueryError(
            .searchNotFound(id.text, suggestion: Suggestion(for: id.text, among: all)), warnings: warnings)
    }

    /// Reads all that is known of searches, the oldest first.
    private func reports(
        of places: [(id: SearchID, keyspace: Keyspace)], warnings: inout [String]
    ) throws(QueryError) -> [SearchReport] {
        let searches = try storedSearches(places, warnings: &warnings)
        let surroundings = try SearchSurroundings(of: searches, in: self, warnings: &warnings)
        var reports: [SearchReport] = []
        for (index, search) in searches.enumerated() {
            warnings += [search.conflictWarning].compactMap(\.self)
            reports.append(try report(of: search, surroundings.of[index], warnings: &warnings))
        }
        return reports.sorted { ($0.created ?? 0, $0.id) < ($1.created ?? 0, $1.id) }
    }

    private func report(
        of search: StoredSearch, _ surroundings: SearchSurroundings.Member, warnings: inout [String]
    ) throws(QueryError) -> SearchReport {
        var tally = SearchTally(direction: surroundings.objective?.direction, fullEpochs: search.rule?.epochs)
        try readHistory(of: search, warnings: &warnings) { entries in
            for entry in entries { tally.add(entry, of: search.id) }
        }
        if let problem = tally.firstProblem {
            warnings.append(
                "\(search.keyspace.trials(of: search.id)): \(counted(tally.malformedCount, noun: "value")) "
                    + "\(tally.malformedCount == 1 ? "is" : "are") malformed and left out, the first one in \(problem)")
        }
        let battery = surroundings.battery
        return SearchReport(
            id: search.id.text, battery: search.battery?.text, batteryName: battery?.name,
            batteryVersion: battery?.version, name: search.name, seed: search.seed, sampler: search.sampler,
            objective: surroundings.objective?.channel, direction: surroundings.objective?.direction,
            created: search.created, conflict: search.conflict, trialCount: search.trials,
            givenCount: search.givenCount, runningCount: surroundings.running, unstartedCount: surroundings.unstarted,
            lostCount: surroundings.lost, endedCount: search.endedCount, doneCount: tally.doneCount,
            stoppedCount: tally.stoppedCount, failedCount: tally.failedCount, refusedCount: search.refusedCount,
            pointCount: search.points.count, givenPointCount: min(search.grantedPoints, search.points.count),
            rule: search.rule, rungs: surroundings.rungs, epochs: tally.epochs, savedEpochs: tally.savedEpochs,
            best: tally.best, improvements: tally.improvements)
    }

    /// Reads the history of a search, in pages.
    ///
    /// - Parameter last: the id of the last entry to read; nil for all.
    func readHistory(
        of search: StoredSearch, through last: StreamID? = nil, warnings: inout [String],
        body: (_ entries: [StreamEntryReply]) -> Void
    ) throws(QueryError) {
        var start = "-"
        for _ in 0..<Self.maxHistoryPages {
            var pipeline = CommandPipeline()
            let reply = pipeline.append(
                "XRANGE", search.keyspace.trials(of: search.id), start, last?.description ?? "+", "COUNT",
                String(Self.historyPage), in: search.keyspace, as: .streamEntries)
            try connections.run(pipeline)
            let entries = try reply.value(or: [], warnings: &warnings)
            body(entries)
            guard entries.count == Self.historyPage, let end = entries.last.flatMap({ StreamID($0.id) }) else { return }
            start = end.next.description
        }
        warnings.append(
            "\(search.keyspace.trials(of: search.id)) has more than \(Self.maxHistoryPages * Self.historyPage) entries, and the "
                + "later ones are left out")
    }
}
