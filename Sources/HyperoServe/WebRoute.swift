import HyperoCore
import HyperoSchema
import NIOHTTP1

/// A battery that pages are about.
struct BatteryKey: Hashable, Sendable {
    /// The name, or the id.
    var name: String
    /// The version; nil for all.
    var version: Int?

    /// The parameters of an address: `name=digits%20mlp&version=2`.
    var query: String {
        let query = "name=" + percentEncoded(name)
        return version.map { query + "&version=\($0)" } ?? query
    }
}

/// One of the resources of the server.
enum WebRoute: Hashable, Sendable {
    /// All batteries.
    case listing
    case battery(BatteryKey)
    /// The changes of a battery after a position.
    case events(BatteryKey, after: String?)
    case metrics
    case health

    /// Finds the resource of a request.
    ///
    /// - Throws: the response that says what is wrong.
    init(_ request: WebRequest) throws(WebResponse) {
        var parameters = request.parameters.filter { $0.name != "token" }
        func take(_ name: String) -> String? {
            guard let index = parameters.firstIndex(where: { $0.name == name }) else { return nil }
            return parameters.remove(at: index).value
        }
        func key() throws(WebResponse) -> BatteryKey {
            guard let name = take("name"), !name.isEmpty else {
                throw WebResponse(.badRequest, "The address must name a battery: ?name=…")
            }
            guard let text = take("version") else { return BatteryKey(name: name) }
            guard let version = Int(text) else {
                throw WebResponse(.badRequest, "The parameter version must be a whole number.")
            }
            return BatteryKey(name: name, version: version)
        }
        switch request.path {
        case "/": self = .listing
        case "/battery": self = .battery(try key())
        case "/events": self = .events(try key(), after: request.lastEventID ?? take("after"))
        case "/metrics": self = .metrics
        case "/healthz": self = .health
        default:
            throw WebResponse(.notFound, "This server has no such page. The list of all batteries is at /.")
        }
        if case .events = self { _ = take("after") }
        guard let other = parameters.first else { return }
        throw WebResponse(.badRequest, "The parameter '\(printable(other.name))' is unknown.")
    }

    /// The address of the resource relative to the others, which also holds behind a proxy that serves it under a path.
    var reference: String {
        switch self {
        case .listing: "./"
        case .battery(let key): "battery?" + key.query
        case .events(let key, let after): "events?" + key.query + (after.map { "&after=" + percentEncoded($0) } ?? "")
        case .metrics: "metrics"
        case .health: "healthz"
        }
    }
}
