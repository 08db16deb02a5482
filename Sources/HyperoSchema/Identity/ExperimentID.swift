/// An experiment: `<producer>-<n>` with n = 1, 2, … in that producer, or what others chose in `[a-z0-9-]{1,64}`.
package struct ExperimentID: Sendable, Hashable {
    /// The id as it stands on the wire and in keys.
    package let text: String

    /// The id of a producer's n-th experiment.
    package init(producer: ProducerID, number: UInt64) {
        text = producer.text + "-" + String(number)
    }

    /// An id that was read.
    package init?(_ text: String) {
        guard isIdentifier(text, upTo: 64) else { return nil }
        self.text = text
    }
}
