/// The batteries that chaos producers log to: the same for all, so that many write to one ranking.
package struct ChaosBattery: Sendable {
    package var name: String
    package var version: Int
    package var description: String
    package var objective: String
    /// Whether low values of the objective are the good ones.
    package var isMinimized: Bool

    package static let all = [
        ChaosBattery(name: "chaos", version: 1, description: "", objective: "valid", isMinimized: false),
        ChaosBattery(name: "chaos", version: 2, description: "by loss", objective: "loss", isMinimized: true),
        ChaosBattery(name: "other chaos", version: 1, description: "low", objective: "valid", isMinimized: true),
    ]
}
