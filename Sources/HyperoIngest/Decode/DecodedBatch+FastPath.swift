import Glibc
import HyperoSchema

extension DecodedBatch {
    /// Adds an entry if it is a row in the form that clients write: the fields in the order of the contract, a battery that
    /// is already in the batch, and the channels of the battery's latest row.
    ///
    /// Nearly all entries of a search have this form. No string is created, except of an id that is new in the batch.
    ///
    /// - Returns: false if the entry has another form, valid or not. Such an entry is not added.
    mutating func appendRow(_ id: StreamID, fields: UnsafeBufferPointer<WireField>) -> Bool {
        guard fields.count > Self.leadingFields, fields.count <= 64,
            fields[0].name.isEqual(to: "event"), fields[0].value.isEqual(to: "epoch"),
            fields[1].name.isEqual(to: "experiment"), fields[2].name.isEqual(to: "battery"),
            fields[3].name.isEqual(to: "producer"), fields[4].name.isEqual(to: "seq"),
            fields[5].name.isEqual(to: "time"), fields[6].name.isEqual(to: "epoch"),
            let battery = batteryIndex(of: fields[2].value), let seq = fields[4].value.decimal, seq > 0,
            seq <= UInt64(Limits.integer),
            let time = fields[5].value.decimal, time <= UInt64(Limits.integer),
            let epoch = fields[6].value.decimal, epoch <= UInt64(Limits.integer),
            let row = addRow(UnsafeBufferPointer(rebasing: fields[Self.leadingFields...]), shape: latestShapes[battery])
        else { return false }
        // After the other fields, because an entry of another form must add no id.
        guard let ids = subjectIndexes(producer: fields[3].value, experiment: fields[1].value) else {
            rows.discard(row)
            return false
        }
        let (producer, experiment) = ids
        latestProducer = producer
        latestBattery = battery
        latestExperiments[producer] = experiment
        items.append(
            Item(
                id: id, content: .row(epoch: Int(epoch), row),
                subjects: Subjects(producer: producer, battery: battery, experiment: experiment), seq: seq,
                time: Self.time(Int64(time), of: id)))
        return true
    }

    /// The number of fields before the first channel.
    private static let leadingFields = 7

    private func batteryIndex(of id: Bytes) -> Int? {
        if latestBattery < batteries.count, batteryInterner.isID(at: latestBattery, equalTo: id) {
            return latestBattery
        }
        return batteryInterner.index(of: id)
    }

    /// Returns the indexes of a producer and an experiment, which are added if the batch does not contain them; nil if an id
    /// is invalid.
    private mutating func subjectIndexes(producer: Bytes, experiment: Bytes) -> (producer: Int, experiment: Int)? {
        if latestProducer < producers.count, producerInterner.isID(at: latestProducer, equalTo: producer) {
            return experimentIndex(of: experiment, producer: latestProducer).map { (latestProducer, $0) }
        }
        let hash = producerInterner.hash(producer)
        if let index = producerInterner.index(of: producer, hash: hash) {
            return experimentIndex(of: experiment, producer: index).map { (index, $0) }
        }
        guard let id = ProducerID(producer), let experiment = experimentIndex(of: experiment, producer: nil) else {
            return nil
        }
        latestExperiments.append(-1)
        return (producerInterner.add(id, bytes: producer, hash: hash), experiment)
    }

    /// Returns the index of an experiment, which is added if the batch does not contain it; nil if the id is invalid.
    private mutating func experimentIndex(of experiment: Bytes, producer: Int?) -> Int? {
        let latest = producer.map { latestExperiments[$0] } ?? -1
        if latest >= 0, experimentInterner.isID(at: latest, equalTo: experiment) { return latest }
        let hash = experimentInterner.hash(experiment)
        if let index = experimentInterner.index(of: experiment, hash: hash) { return index }
        return ExperimentID(experiment).map { id in
            let index = experimentInterner.add(id, bytes: experiment, hash: hash)
            recordTrial(index, id: experiment)
            return index
        }
    }

    /// Adds a row if the fields are the channels of a shape, in the same order, each with a valid number.
    ///
    /// - Parameter index: the index of the shape in ``RowTable/shapes``; -1 for none.
    private mutating func addRow(_ fields: UnsafeBufferPointer<WireField>, shape index: Int32) -> RowTable.Row? {
        guard index >= 0 else { return nil }
        let shape = rows.shapes[Int(index)]
        guard shape.fieldNames.count == fields.count else { return nil }
        let row = rows.beginRow(shape: index)
        for index in fields.indices {
            guard fields[index].name.isEqual(to: shape.fieldNames[index]),
                fields[index].valueSize <= Number.maxTextSize,
                let number = Number(fields[index].value)
            else {
                rows.discard(row)
                return nil
            }
            rows.append(number)
        }
        return row
    }
}

extension Bytes {
    fileprivate func isEqual(to text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && memcmp(baseAddress!, text.utf8Start, count) == 0
    }

    fileprivate func isEqual(to bytes: [UInt8]) -> Bool {
        count == bytes.count && bytes.withUnsafeBufferPointer { memcmp(baseAddress!, $0.baseAddress!, count) == 0 }
    }
}
