/// The address of a node of a cluster.
package struct ClusterNode: Sendable, Hashable {
    let host: String
    /// 1 to 65,535.
    let port: Int
}
