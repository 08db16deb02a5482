/// The id of an experiment: `<producer>-<n>` with n = 1, 2, … within the producer.
///
/// Other writers may choose any id in `[a-z0-9-]{1,64}`.
package struct ExperimentID: Sendable, Hashable {
    /// The id in stream entries and in keys.
    package let text: String

    /// Creates the id of a producer's experiment.
    ///
    /// - Parameter number: 1 for the producer's first experiment.
    package init(producer: ProducerID, number: UInt64) {
        text = producer.text + "-" + String(number)
    }

    /// Creates the id of a search's trial.
    init(search: SearchID, trial: Int) {
        text = search.text + "-" + String(trial)
    }

    /// The part before the last hyphen: the producer, if the id has the form `<producer>-<n>`. Nil without a hyphen.
    package var producer: ProducerID? {
        text.lastIndex(of: "-").flatMap { ProducerID(String(text[..<$0])) }
    }

    /// Creates an id from its text; nil if the text is not in `[a-z0-9-]{1,64}`.
    package init?(_ text: String) {
        guard isIdentifier(text, maxLength: 64) else { return nil }
        self.text = text
    }

    /// Creates an id from its bytes; nil if they are not in `[a-z0-9-]{1,64}`.
    package init?(_ bytes: Bytes) {
        guard isIdentifier(bytes, maxLength: 64) else { return nil }
        text = String(decoding: bytes, as: UTF8.self)
    }

    /// Hashes the bytes, which are ASCII. A string would be hashed as characters.
    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
