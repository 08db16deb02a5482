import HyperoRedis
import HyperoSchema

/// The rendering of records as commands: `XADD <stream> * event … experiment … battery … producer … seq … time …`,
/// followed by the fields of the event in the order of the contract.
struct RecordRenderer {
    let stream: String
    /// The producer whose sequence numbers the records carry.
    private let producer: String
    /// The producers of the experiments, indexed by ``Record/origin``: the producer itself, then its ancestors.
    private let origins: [String]
    /// The attempts of this process, of resumed experiments whose starts state none.
    private var attempts: [String: Int] = [:]

    init(stream: String, _ identity: JournalIdentity) {
        self.stream = stream
        producer = identity.producer.text
        origins = ([identity.producer] + identity.ancestors).map(\.text)
    }

    mutating func setAttempt(_ attempt: Int, of experiment: ExperimentID) {
        attempts[experiment.text] = attempt
    }

    func render(_ record: Record, into writer: inout RESPWriter) {
        let hasExperiment = record.kind.hasExperiment
        let channels = record.kind.holdsNumbers ? Self.channels(of: record) : []
        let epoch = record.epoch.flatMap { record.kind == .curve && $0 == 1 ? nil : $0 }
        let ownFields = record.kind.holdsNumbers ? channels.count : record.count
        let attempt = record.isResumed && record.kind == .start ? unstatedAttempt(of: record) : nil
        let fields = (hasExperiment ? 6 : 5) + (epoch == nil ? 0 : 1) + ownFields + (attempt == nil ? 0 : 1)
        writer.begin(arguments: 3 + 2 * fields)
        writer.add("XADD" as StaticString)
        writer.add(stream)
        writer.add("*" as StaticString)
        writer.add("event" as StaticString)
        writer.add(record.kind.event)
        if hasExperiment {
            writer.add("experiment" as StaticString)
            if record.isResumed {
                writer.add(record.resumedID)
            } else {
                writer.add("\(origins[record.origin])-\(record.experiment)")
            }
        }
        writer.add("battery" as StaticString)
        writer.add(record.batteryID)
        writer.add("producer" as StaticString)
        writer.add(producer)
        writer.add("seq" as StaticString)
        writer.add(record.seq)
        writer.add("time" as StaticString)
        writer.add(record.time)
        if let epoch {
            writer.add(record.kind == .curve ? "first" as StaticString : "epoch" as StaticString)
            writer.add(epoch)
        }
        if record.kind.holdsNumbers {
            for (name, values) in channels {
                writer.add(prefix: record.kind == .maxima ? "max." as StaticString : "curve." as StaticString, name)
                add(values, to: &writer)
            }
        } else {
            record.forEachField { name, value in
                writer.add(name)
                writer.add(value)
            }
        }
        if let attempt {
            writer.add("attempt" as StaticString)
            writer.add(attempt)
        }
    }

    /// Returns the attempt of the start of a resumed experiment; nil if the record states it.
    private func unstatedAttempt(of record: Record) -> Int? {
        var isStated = false
        record.forEachField { name, _ in if name.elementsEqual(EventField.attempt.utf8) { isStated = true } }
        let id = String(decoding: record.resumedID, as: UTF8.self)
        return isStated || SearchID.isTrial(id) ? nil : attempts[id] ?? 2
    }

    /// Returns the channels of a record, each once. The last value of a name counts, as in two log calls.
    private static func channels(of record: Record) -> [(name: UnsafeRawBufferPointer, values: Record.Values)] {
        var channels: [(name: UnsafeRawBufferPointer, values: Record.Values)] = []
        channels.reserveCapacity(record.count)
        record.forEachChannel { name, values in
            if let index = channels.firstIndex(where: { $0.name.elementsEqual(name) }) {
                channels[index].values = values
            } else {
                channels.append((name, values))
            }
        }
        return channels
    }

    private func add(_ values: Record.Values, to writer: inout RESPWriter) {
        guard values.count != 1 else { return writer.add(Number.text(of: values[0])) }
        var text = ""
        for index in 0..<values.count {
            if index > 0 { text += " " }
            text += Number.text(of: values[index])
        }
        writer.add(text)
    }
}
