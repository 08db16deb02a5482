extension Store {
    /// Lists the batteries of a name: its versions, oldest first, with the number of experiments and the best value of each.
    ///
    ///     for version in try store.versions(of: "digits mlp").batteries { print(version.version, version.description) }
    ///
    /// Batteries of one version differ in their descriptions. Four round trips.
    ///
    /// - Parameter name: the batteries' name, or the id of one battery.
    /// - Throws: ``QueryError/Code/batteryNotFound(_:suggestion:)``, or another ``QueryError`` if Redis fails.
    public func versions(of name: String) throws(QueryError) -> VersionList {
        try answer { () throws(QueryError) in try readVersions(of: name) }
    }

    private func readVersions(of name: String) throws(QueryError) -> VersionList {
        var warnings: [String] = []
        let stored = try storedBatteries(of: name, version: nil, warnings: &warnings)
        let summaries = try summaries(of: stored, warnings: &warnings)
        return VersionList(name: stored[0].name, batteries: summaries, warnings: warnings)
    }
}
