/// Every key of one partition; nothing else spells one.
///
/// All keys of a partition carry one hash tag, so they lie in one slot of a Redis Cluster and one transaction can span
/// them. With a single partition the tag is `{hypero}`, with several it is `{hypero:0}`, `{hypero:1}`, …
package struct Keyspace: Sendable, Hashable {
    /// The namespace a deployment gets when nobody chose one.
    package static let defaultNamespace = "hypero"

    /// The hash tag with its braces.
    package let tag: String

    private init(tag: String) {
        self.tag = tag
    }

    /// The key spaces of a deployment, in the order of their partitions.
    ///
    /// - Parameters:
    ///   - namespace: 1 to 64 of `A-Z a-z 0-9 . _ -`.
    ///   - partitions: 1 to 16,384, the number of slots of a cluster.
    /// - Throws: ``SchemaError`` when either is out of bounds.
    package static func all(
        namespace: String = defaultNamespace, partitions: Int = 1
    ) throws(SchemaError) -> [Keyspace] {
        guard (1...64).contains(namespace.utf8.count), namespace.utf8.allSatisfy(isNamespaceByte) else {
            throw SchemaError(
                "the namespace '\(printable(namespace))' is not usable: give 1 to 64 of A-Z a-z 0-9 . _ -")
        }
        guard (1...16_384).contains(partitions) else {
            throw SchemaError("\(partitions) partitions cannot be: give 1 to 16384")
        }
        guard partitions > 1 else { return [Keyspace(tag: "{\(namespace)}")] }
        return (0..<partitions).map { Keyspace(tag: "{\(namespace):\($0)}") }
    }

    /// The partition that a producer's events go to: the cluster's CRC16 of its id, modulo the number of partitions.
    package static func partition(of producer: ProducerID, among partitions: Int) -> Int {
        Int(CRC16.checksum(producer.text.utf8)) % partitions
    }

    /// Stream, one entry an event. Written by clients, read and trimmed by the ingest.
    package var events: String { tag + ":events" }

    /// Stream of the entries that could not be applied, with their fields, `dead.reason` and `dead.id` (``EventField``). It
    /// holds about ``Limits/deadLetters``; the oldest make room.
    package var dead: String { tag + ":dead" }

    /// Sorted set: battery id, score created (ms).
    package var batteries: String { tag + ":batteries" }

    /// Hash ``IngestField``: how far the partition is applied.
    package var ingest: String { tag + ":ingest" }

    /// String with an expiry: who owns the partition.
    package var lease: String { tag + ":ingest:lease" }

    /// Hash ``BatteryField``.
    package func battery(_ id: BatteryID) -> String { tag + ":battery:" + id.text }

    /// Sorted set: experiment id, score started (ms).
    package func experiments(of id: BatteryID) -> String { battery(id) + ":experiments" }

    /// Sorted set: experiment id, score its maxima value of the channel; never nan or inf.
    package func rank(of id: BatteryID, by channel: String) -> String { battery(id) + ":rank:" + channel }

    /// Sorted set: every `param.…`, `meta.…` and `max.…` field seen, score first seen (ms).
    package func columns(of id: BatteryID) -> String { battery(id) + ":columns" }

    /// Hash ``ExperimentField``.
    package func experiment(_ id: ExperimentID) -> String { tag + ":experiment:" + id.text }

    /// Hash: epoch -> ``CurveRow`` in logfmt.
    package func curve(of id: ExperimentID) -> String { experiment(id) + ":curve" }

    /// Hash ``ProducerField``: the applied watermark; expires 30 days after the producer's last event.
    package func producer(_ id: ProducerID) -> String { tag + ":producer:" + id.text }
}

private func isNamespaceByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
        true
    default: false
    }
}
