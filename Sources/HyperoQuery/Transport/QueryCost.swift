/// The work that queries of a store have caused on the server.
package struct QueryCost: Sendable, Hashable {
    /// The number of commands that read a key.
    package var keys = 0
    /// The number of round trips, without those of connecting. Commands that are sent before the replies to earlier ones count
    /// as one of their own.
    package var roundTrips = 0
    /// The number of bytes in the texts of the replies.
    package var bytes = 0

    /// The numbers in a sentence: `170 keys, 7 round trips, 12 kB`.
    package var text: String {
        "\(counted(keys, noun: "key")), \(counted(roundTrips, noun: "round trip")), \(bytesText(bytes))"
    }

    package static func - (left: Self, right: Self) -> Self {
        Self(
            keys: left.keys - right.keys, roundTrips: left.roundTrips - right.roundTrips,
            bytes: left.bytes - right.bytes)
    }
}
