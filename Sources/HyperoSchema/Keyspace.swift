/// The keys of one partition. All keys are defined in this file.
///
/// All keys of a partition have one hash tag, so they are in one slot of a Redis Cluster and a transaction can span
/// them. With a single partition the tag is `{hypero}`; with several, `{hypero:0}`, `{hypero:1}`, and so on.
package struct Keyspace: Sendable, Hashable {
    /// The namespace of a deployment that does not set one.
    package static let defaultNamespace = "hypero"

    /// The hash tag with its braces.
    package let tag: String

    private init(tag: String) {
        self.tag = tag
    }

    /// Returns the key spaces of all partitions, in order.
    ///
    /// - Parameters:
    ///   - namespace: 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
    ///   - partitions: 1 to 16,384, the number of slots of a cluster.
    /// - Throws: ``SchemaError`` if an argument is out of bounds.
    package static func all(
        namespace: String = defaultNamespace, partitions: Int = 1
    ) throws(SchemaError) -> [Keyspace] {
        guard (1...64).contains(namespace.utf8.count), namespace.utf8.allSatisfy(isNamespaceByte) else {
            throw SchemaError(
                "the namespace must be 1 to 64 characters of A-Z a-z 0-9 . _ -, not '\(printable(namespace))'")
        }
        guard (1...16_384).contains(partitions) else {
            throw SchemaError("the number of partitions must be between 1 and 16384, not \(partitions)")
        }
        guard partitions > 1 else { return [Keyspace(tag: "{\(namespace)}")] }
        return (0..<partitions).map { Keyspace(tag: "{\(namespace):\($0)}") }
    }

    /// Returns the namespace of a hash tag; nil if the text is not the tag of any partition.
    package static func namespace(ofTag tag: String) -> String? {
        guard tag.first == "{", tag.last == "}" else { return nil }
        let parts = tag.dropFirst().dropLast().split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let namespace = parts.first, parts.count == 1 || Int(parts[1]) != nil else { return nil }
        return String(namespace)
    }

    /// Returns a keyspace whose tag is the pattern of the tags of several partitions.
    ///
    /// - Parameter index: the pattern of the partitions' indices.
    static func pattern(_ index: String, namespace: String) -> Keyspace { Keyspace(tag: "{\(namespace):\(index)}") }

    /// Returns the index of a producer's partition: the cluster's CRC16 of its id, modulo the number of partitions.
    package static func partition(of producer: ProducerID, among partitions: Int) -> Int {
        Int(CRC16.checksum(producer.text.utf8)) % partitions
    }

    /// Returns the index of a search's partition: the cluster's CRC16 of its id, modulo the number of partitions. All events of the
    /// search and of its trials are written to it.
    package static func partition(of search: SearchID, among partitions: Int) -> Int {
        Int(CRC16.checksum(search.text.utf8)) % partitions
    }

    /// `{hypero}:events`, a stream with one entry per event (``EventField``). Written by clients, read and trimmed by the
    /// ingest.
    package var events: String { tag + ":events" }

    /// `{hypero}:control`, a stream of an operator's commands (``ControlField``). Read and trimmed by the ingest.
    package var control: String { tag + ":control" }

    /// `{hypero}:deleted`, a sorted set of the ids of deleted experiments and batteries. Score: the time of the deletion in
    /// Unix milliseconds.
    package var deleted: String { tag + ":deleted" }

    /// `{hypero}:dead`, a stream of the entries that could not be applied: their fields, then `dead.reason` and `dead.id`
    /// (``EventField``). Limited to about ``Limits/deadLetters`` entries; later ones replace the oldest.
    package var dead: String { tag + ":dead" }

    /// `{hypero}:batteries`, a sorted set of battery ids. Score: the time of the first declaration in Unix milliseconds.
    package var batteries: String { tag + ":batteries" }

    /// `{hypero}:ingest`, a hash (``IngestField``): the cursor and the counters of the partition.
    package var ingest: String { tag + ":ingest" }

    /// `{hypero}:ingest:lease`, a string with an expiry: the name of the partition's owner.
    package var lease: String { tag + ":ingest:lease" }

    /// Returns the name that an ingest gives to its connection of this partition: `hypero-ingest:{hypero}:<owner>`. Queries find
    /// standbys by it.
    package func ingestConnectionName(owner: String) -> String { "\(Self.ingestConnectionPrefix)\(tag):\(owner)" }

    /// Returns the hash tag and the owner in the name of a connection; nil if it is not the name of an ingest's connection.
    package static func ingestConnection(named name: String) -> (tag: String, owner: String)? {
        guard name.hasPrefix(ingestConnectionPrefix), let end = name.firstIndex(of: "}") else { return nil }
        let rest = name[name.index(after: end)...]
        guard rest.first == ":" else { return nil }
        return (String(name[...end].dropFirst(ingestConnectionPrefix.count)), String(rest.dropFirst()))
    }

    private static let ingestConnectionPrefix = "hypero-ingest:"

    /// `{hypero}:battery:<id>`, a hash (``BatteryField``).
    package func battery(_ id: BatteryID) -> String { batteryPrefix + id.text }

    /// The part of a battery's keys before its id.
    package var batteryPrefix: String { tag + ":battery:" }

    /// `{hypero}:battery:<id>:experiments`, a sorted set of experiment ids. Score: the time of the first event in Unix
    /// milliseconds.
    package func experiments(of id: BatteryID) -> String { battery(id) + ":experiments" }

    /// `{hypero}:battery:<id>:rank:<channel>`, a sorted set of experiment ids. Score: `max.<channel>` of the experiment;
    /// never nan or infinite.
    package func rank(of id: BatteryID, by channel: String) -> String { battery(id) + ":rank:" + channel }

    /// `{hypero}:battery:<id>:columns`, a sorted set of all `param.…`, `meta.…` and `max.…` field names in the hashes of the
    /// battery's experiments, and of `curve.<channel>` of all channels in their curves. Score: the time of the first
    /// occurrence in Unix milliseconds.
    package func columns(of id: BatteryID) -> String { battery(id) + ":columns" }

    /// `{hypero}:battery:<id>:space`, a hash from the name of a hyper-parameter to the distribution that it was drawn from.
    package func space(of id: BatteryID) -> String { battery(id) + ":space" }

    /// `{hypero}:battery:<id>:searches`, a sorted set of search ids. Score: the time of the first declaration in Unix
    /// milliseconds.
    package func searches(of id: BatteryID) -> String { battery(id) + ":searches" }

    /// `{hypero}:search:<id>`, a hash (``SearchField``).
    package func search(_ id: SearchID) -> String { searchPrefix + id.text }

    /// The part of a search's keys before its id.
    package var searchPrefix: String { tag + ":search:" }

    /// `{hypero}:search:<id>:trials`, a stream of the trials that have begun and ended (``TrialField``). Limited to about
    /// ``Limits/trialHistory`` entries.
    package func trials(of id: SearchID) -> String { search(id) + ":trials" }

    /// `{hypero}:search:<id>:rung:<epoch>`, a sorted set of the experiments of the trials that have reached an epoch of the stopping
    /// rule (``StoppingRule/rungs``). Score: the objective at this epoch, or the best before if it was skipped; the infinity on the worse side without
    /// a finite one.
    package func rung(_ epoch: Int, of id: SearchID) -> String { search(id) + ":rung:" + String(epoch) }

    /// `{hypero}:experiment:<id>`, a hash (``ExperimentField``).
    package func experiment(_ id: ExperimentID) -> String { SubjectKey(of: id, in: self).text }

    /// The part of an experiment's keys before its id.
    package var experimentPrefix: String { tag + ":experiment:" }

    /// `{hypero}:experiment:<id>:curve`, a hash from epoch to the text of a ``CurveRow``.
    package func curve(of id: ExperimentID) -> String { SubjectKey(ofCurve: id, in: self).text }

    /// `{hypero}:producer:<id>`, a hash (``ProducerField``): the applied watermark. Expires 30 days after the producer's
    /// last event.
    package func producer(_ id: ProducerID) -> String { SubjectKey(of: id, in: self).text }

    /// The part of a producer's key before its id.
    package var producerPrefix: String { tag + ":producer:" }
}

/// The key of an experiment, a curve or a producer, in parts.
///
/// The ingest writes three such keys per event. A writer of commands copies the parts, and no text is allocated.
package struct SubjectKey: Sendable, Hashable {
    private enum Kind { case experiment, curve, producer }

    private let kind: Kind
    /// The first part: the hash tag.
    package let tag: String
    /// The part after the hash tag.
    package var type: StaticString { kind == .producer ? ":producer:" : ":experiment:" }
    /// The part after the type.
    package let id: String
    /// The last part, which may be empty.
    package var suffix: StaticString { kind == .curve ? ":curve" : "" }

    /// The key of an experiment's hash.
    package init(of id: ExperimentID, in keyspace: Keyspace) {
        (tag, self.id, kind) = (keyspace.tag, id.text, .experiment)
    }

    /// The key of an experiment's curve.
    package init(ofCurve id: ExperimentID, in keyspace: Keyspace) {
        (tag, self.id, kind) = (keyspace.tag, id.text, .curve)
    }

    /// The key of a producer's hash.
    package init(of id: ProducerID, in keyspace: Keyspace) {
        (tag, self.id, kind) = (keyspace.tag, id.text, .producer)
    }

    /// The number of bytes.
    package var size: Int {
        tag.utf8.count + type.utf8CodeUnitCount + id.utf8.count + suffix.utf8CodeUnitCount
    }

    /// The key, in one allocation. `+` would need two or three.
    package var text: String {
        var (tag, id) = (tag, id)
        return tag.withUTF8 { tag in
            id.withUTF8 { id in
                String(unsafeUninitializedCapacity: size) { key in
                    var end = key[...].initialize(fromContentsOf: tag)
                    end = key[end...].initialize(fromContentsOf: Bytes(type))
                    end = key[end...].initialize(fromContentsOf: id)
                    return key[end...].initialize(fromContentsOf: Bytes(suffix))
                }
            }
        }
    }
}

extension Bytes {
    fileprivate init(_ text: StaticString) {
        self.init(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }
}

private func isNamespaceByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
    default: false
    }
}
