/// The id of a search: `s` and the first 8 hexadecimal digits of a hash of its battery, name and seed.
///
/// Other writers may choose any id in `s[0-9a-f]{8}`. The experiment of a trial is `<search>-<trial>`, with trial = 1, 2, ….
package struct SearchID: Sendable, Hashable {
    /// The id in stream entries and in keys.
    package let text: String

    /// The number of bytes of an id.
    package static let size = 9

    /// Creates the id of a battery's search.
    ///
    /// The hash is FNV-1a 64 over the battery's id, 0x1F, name, 0x1F, decimal seed.
    package init(battery: BatteryID, name: String, seed: UInt64) {
        var hash = FNV1a()
        hash.add(battery.text.utf8)
        hash.add(CollectionOfOne(0x1F))
        hash.add(name.utf8)
        hash.add(CollectionOfOne(0x1F))
        hash.add(String(seed).utf8)
        text = "s" + hash.hexadecimal.prefix(8)
    }

    /// Creates an id from its text; nil if the text is not in `s[0-9a-f]{8}`.
    package init?(_ text: String) {
        var text = text
        guard text.withUTF8({ Self.isID($0) }) else { return nil }
        self.text = text
    }

    /// Returns the experiment of a trial.
    package func experiment(ofTrial trial: Int) -> ExperimentID { ExperimentID(search: self, trial: trial) }

    /// Returns the search and the number of the trial whose experiment has an id; nil if the id has another form.
    ///
    /// Called for each experiment of a batch. The ids of the client library have no hyphen at this place.
    package static func trial(of experiment: Bytes) -> (search: SearchID, number: Int)? {
        guard experiment.count > size + 1, experiment[size] == UInt8(ascii: "-"), experiment[0] == UInt8(ascii: "s"),
            isID(Bytes(rebasing: experiment[..<size])), experiment[size + 1] != UInt8(ascii: "0"),
            let number = Bytes(rebasing: experiment[(size + 1)...]).decimal, number <= UInt64(Limits.trials)
        else { return nil }
        let text = String(decoding: experiment[..<size], as: UTF8.self)
        return SearchID(text).map { ($0, Int(number)) }
    }

    /// Returns whether an id is that of a trial's experiment. The ingest decides who runs it.
    package static func isTrial(_ experiment: String) -> Bool {
        var experiment = experiment
        return experiment.withUTF8 { trial(of: $0) } != nil
    }

    private static func isID(_ bytes: Bytes) -> Bool {
        guard bytes.count == size, bytes[0] == UInt8(ascii: "s") else { return false }
        return bytes.dropFirst().allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
            default: false
            }
        }
    }
}
