import HyperoRedis
import HyperoSchema

/// An experiment's hash, or the fields of it that were asked for, sorted into what they are.
struct ExperimentHash {
    let fields: [ExactText: String]
    let status: ExperimentStatus?
    let epoch: Int?
    let maxima: [Maximum]
    let params: [NamedValue]
    let meta: [NamedValue]

    init(_ reader: inout HashReader) {
        fields = reader.fields
        status = reader.choice(ExperimentField.status)
        epoch = reader.integer(ExperimentField.maxEpoch).map { Int($0) }
        var maxima: [Maximum] = []
        var params: [NamedValue] = []
        var meta: [NamedValue] = []
        for (name, text) in reader.fields {
            switch FieldName(name.text) {
            case .param(let name): params.append(NamedValue(name: name, text: text))
            case .meta(let name): meta.append(NamedValue(name: name, text: text))
            case .maximum(let channel):
                if let value = reader.number(name.text) { maxima.append(Maximum(channel: channel, value: value)) }
            case .other: break
            }
        }
        // Redis gives a large hash in an order of its own, so that the names' order is the only one that stays.
        self.maxima = maxima.sorted { channelsComeInOrder($0.channel, $1.channel) }
        self.params = params.sorted { ExactText($0.name) < ExactText($1.name) }
        self.meta = meta.sorted { ExactText($0.name) < ExactText($1.name) }
    }
}
