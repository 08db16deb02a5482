import HyperoSchema

/// A read-only view of one record. Valid while its segment is mapped.
struct Record {
    let base: UnsafeMutableRawPointer

    /// Creates a view of a record that this process wrote, without checks.
    init(at base: UnsafeMutableRawPointer) {
        self.base = base
    }

    var length: Int { Int(base.load(as: UInt32.self)) }
    var kind: RecordKind { RecordKind(rawValue: base.load(fromByteOffset: RecordHeader.kind, as: UInt8.self) & 15)! }
    /// The producer of the experiment: 0 for the journal's own, n for its n-th ancestor.
    var origin: Int { Int(base.load(fromByteOffset: RecordHeader.kind, as: UInt8.self) >> 4) }
    /// The number of channels or fields.
    var count: Int { Int(base.load(fromByteOffset: RecordHeader.count, as: UInt16.self)) }
    var seq: UInt64 { base.load(fromByteOffset: RecordHeader.seq, as: UInt64.self) }
    /// Unix milliseconds of the log call.
    var time: Int64 { base.load(fromByteOffset: RecordHeader.time, as: Int64.self) }
    /// The number of the experiment in its producer; 0 in the declaration of a battery.
    var experiment: UInt64 { UInt64(base.load(fromByteOffset: RecordHeader.experiment, as: UInt32.self)) }

    var epoch: Int64? {
        let epoch = base.load(fromByteOffset: RecordHeader.epoch, as: Int64.self)
        return epoch == RecordHeader.noEpoch ? nil : epoch
    }

    /// The bytes of the battery's id.
    var battery: UnsafeRawBufferPointer {
        let length = Int(base.load(fromByteOffset: RecordHeader.batteryLength, as: UInt8.self))
        return UnsafeRawBufferPointer(start: base + RecordHeader.size, count: length)
    }

    /// Calls a body with each field of a record whose payload is text.
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

    /// Calls a body with each channel of a record whose payload is numbers.
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

    /// The values of a channel, doubles at any alignment.
    struct Values {
        fileprivate let base: UnsafeRawPointer
        let count: Int

        subscript(index: Int) -> Double { base.loadUnaligned(fromByteOffset: index * 8, as: Double.self) }
    }
}
