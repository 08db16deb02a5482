import HyperoSchema

/// One record of a journal, to be read. Valid while its segment is mapped.
struct Record {
    let base: UnsafeMutableRawPointer

    /// The record at this place, which the journal wrote.
    init(at base: UnsafeMutableRawPointer) {
        self.base = base
    }

    var length: Int { Int(base.load(as: UInt32.self)) }
    var kind: RecordKind { RecordKind(rawValue: base.load(fromByteOffset: RecordHeader.kind, as: UInt8.self) & 15)! }
    /// 0 for an experiment of the journal's own producer, else its place among the ancestors, from 1.
    var origin: Int { Int(base.load(fromByteOffset: RecordHeader.kind, as: UInt8.self) >> 4) }
    var count: Int { Int(base.load(fromByteOffset: RecordHeader.count, as: UInt16.self)) }
    var seq: UInt64 { base.load(fromByteOffset: RecordHeader.seq, as: UInt64.self) }
    var time: Int64 { base.load(fromByteOffset: RecordHeader.time, as: Int64.self) }
    var experiment: UInt64 { UInt64(base.load(fromByteOffset: RecordHeader.experiment, as: UInt32.self)) }

    var epoch: Int64? {
        let epoch = base.load(fromByteOffset: RecordHeader.epoch, as: Int64.self)
        return epoch == RecordHeader.noEpoch ? nil : epoch
    }

    var battery: UnsafeRawBufferPointer {
        let length = Int(base.load(fromByteOffset: RecordHeader.batteryLength, as: UInt8.self))
        return UnsafeRawBufferPointer(start: base + RecordHeader.size, count: length)
    }

    /// Calls back with each field of a record of text.
    func forEachField(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
        var position = payload
        for _ in 0..<count {
            let nameLength = Int(position.loadUnaligned(as: UInt32.self))
            let valueLength = Int(position.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            position += RecordHeader.fieldHeader
            body(
                UnsafeRawBufferPointer(start: position, count: nameLength),
                UnsafeRawBufferPointer(start: position + nameLength, count: valueLength))
            position += nameLength + valueLength
        }
    }

    /// Calls back with each channel of a record of numbers.
    func forEachChannel(_ body: (_ name: UnsafeRawBufferPointer, _ values: Values) -> Void) {
        var position = payload
        for _ in 0..<count {
            let nameLength = Int(position.loadUnaligned(as: UInt16.self))
            let values = Int(position.loadUnaligned(fromByteOffset: 2, as: UInt32.self))
            position += RecordHeader.channelHeader
            body(
                UnsafeRawBufferPointer(start: position, count: nameLength),
                Values(base: position + nameLength, count: values))
            position += nameLength + values * 8
        }
    }

    private var payload: UnsafeRawPointer { UnsafeRawPointer(base) + RecordHeader.size + battery.count }

    /// Doubles that need not be aligned.
    struct Values {
        fileprivate let base: UnsafeRawPointer
        let count: Int

        subscript(index: Int) -> Double { base.loadUnaligned(fromByteOffset: index * 8, as: Double.self) }
    }
}
