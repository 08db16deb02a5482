package import HyperoQuery

/// The settings of a server of pages.
package struct WebOptions: Sendable {
    /// The address to listen on, a number.
    package var host = "127.0.0.1"
    /// The port; 0 for one that the system chooses.
    package var port = 8265
    /// The names beside `localhost` by which browsers may address the server.
    package var hostNames: [String] = []
    /// The secret that each request must have; nil for none.
    package var token: String?
    /// The version in the foot of the pages.
    package var version: String
    /// Returns a new store. Called on several threads.
    package var openStore: @Sendable () throws -> Store
    package var limits = WebLimits()

    package init(version: String, openStore: @escaping @Sendable () throws -> Store) {
        self.version = version
        self.openStore = openStore
    }
}

/// The limits by which one client cannot take the server from the others.
package struct WebLimits: Sendable {
    /// The bytes of the head of a request.
    package var headBytes = 8_192
    /// The seconds within which a head must be complete, also the next one of a connection.
    package var headSeconds: Int64 = 10
    /// The seconds within which a response must be taken.
    package var responseSeconds: Int64 = 60
    /// The connections at a time.
    package var connections = 160
    /// The event streams at a time, which are connections too.
    package var streams = 64
    /// The batteries that are watched at a time.
    package var batteries = 32
    /// The seconds after which a battery without viewers is not watched any more.
    package var idleSeconds: Int64 = 30
    /// The requests that wait for Redis at a time.
    package var requests = 64
    /// The seconds between two comments on an event stream, by which both sides notice a broken connection.
    package var heartbeatSeconds: Int64 = 15
    /// The milliseconds for which a page of a battery is sent again. Later changes reach it as events.
    package var pageMilliseconds: Int64 = 5_000
}
