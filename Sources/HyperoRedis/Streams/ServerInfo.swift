/// The fields of a reply to INFO.
package struct ServerInfo {
    private var fields: [Substring: Substring] = [:]

    /// - Parameter text: the reply: lines `name:value`.
    package init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...]
        }
    }

    /// The value of a field; nil if the reply does not have it.
    package subscript(name: String) -> String? { fields[Substring(name)].map(String.init) }

    /// The number of replicas that are connected and up to date; nil if `min-replicas-to-write` is 0.
    package var goodReplicas: Int? {
        (self["min_slaves_good_slaves"] ?? self["min_replicas_good_replicas"]).flatMap { Int($0) }
    }

    /// True if the server is a primary with several replicas, and accepts writes without any of them (`min-replicas-to-write 0`).
    ///
    /// It then goes on when it is cut off from them, and its writes are lost when one of them has been promoted. With a single
    /// replica, the setting would stop all writes after a promotion. The field `min_slaves_good_slaves` exists only if the setting is
    /// above 0.
    package var mayLoseAcknowledgedWrites: Bool {
        self["role"] == "master" && (self["connected_slaves"].flatMap { Int($0) } ?? 0) > 1
            && goodReplicas == nil
    }
}
