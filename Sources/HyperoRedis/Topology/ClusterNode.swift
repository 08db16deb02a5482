/// A node of a cluster, as a node of the cluster lists it.
package struct ClusterNode: Sendable, Hashable {
    /// The host that the node announces, or ``unknownHost``.
    let host: String
    /// The port that the node announces, 1 to 65,535.
    let port: Int
    /// The 40 hexadecimal digits that identify the node; nil if the list has none.
    var id: String?

    /// The host of a node that must announce a host name, and has none.
    static let unknownHost = "?"

    /// Returns whether the node announces an address.
    func announces(_ host: String, _ port: Int) -> Bool { self.host == host && self.port == port }
}
