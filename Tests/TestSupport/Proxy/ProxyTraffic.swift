/// What has passed a proxy.
package struct ProxyTraffic: Sendable, Hashable {
    /// Connections that were taken.
    package var connections = 0
    /// Connections that are open now.
    package var open = 0
    /// Connections that the proxy has reset because its line said so.
    package var resets = 0
    /// Commands that clients sent.
    package var requests = 0
    /// How often a client went on sending after it had been answered, or for the first time: what a distance costs.
    package var roundTrips = 0
    /// Bytes of commands that reached the server.
    package var requestBytes = 0
    /// Bytes of replies that reached clients.
    package var replyBytes = 0
}
