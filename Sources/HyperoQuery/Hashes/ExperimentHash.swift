import HyperoRedis
import HyperoSchema

/// The fields of an experiment's hash, or a selection of them, grouped by their prefixes.
struct ExperimentHash {
    /// The fields as they were read.
    let fields: [ExactText: String]
    /// The stored status.
    let status: ExperimentStatus?
    /// The time of the latest event, in Unix milliseconds.
    let updated: Int64?
    /// The producer of the latest start, if it is not the one in the experiment's id.
    let producer: ProducerID?
    /// The epoch of the maxima.
    let bestEpoch: Int?
    let maxima: [Maximum]
    let params: [NamedValue]
    let meta: [NamedValue]

    init(_ reader: inout HashReader) {
        fields = reader.fields
        status = reader.choice(ExperimentField.status)
        updated = reader.integer(ExperimentField.updated)
        producer = reader.fields[ExperimentField.producer].flatMap { ProducerID($0) }
        bestEpoch = reader.integer(ExperimentField.maxEpoch).map { Int($0) }
        var maxima: [Maximum] = []
        var params: [NamedValue] = []
        var meta: [NamedValue] = []
        for (name, text) in reader.fields {
            switch FieldName(name.text) {
            case .param(let name): params.append(NamedValue(name: name, text: text))
            case .meta(let name): meta.append(NamedValue(name: name, text: text))
            case .maximum(let channel):
                if let number = reader.number(name.text) { maxima.append(Maximum(channel: channel, number: number)) }
            case .curve, .other: break
            }
        }
        // Sorted by name, because Redis returns the fields of a large hash in no stable order.
        self.maxima = maxima.sorted { ChannelOrder($0.channel) < ChannelOrder($1.channel) }
        self.params = params.sorted { ExactText($0.name) < ExactText($1.name) }
        self.meta = meta.sorted { ExactText($0.name) < ExactText($1.name) }
    }
}
