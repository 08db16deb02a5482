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
    /// The number of the experiment in its producer; 0 in the declaration of a battery or a search; in a claim its number in the process.
    var experiment: UInt64 { UInt64(base.load(fromByteOffset: RecordHeader.experiment, as: UInt32.self)) }

    var epoch: Int64? {
        let epoch = base.load(fromByteOffset: RecordHeader.epoch, as: Int64.self)
        return epoch == RecordHeader.noEpoch ? nil : epoch
    }

    /// The bytes of the battery's id, with the id of a resumed experiment. See ``batteryID`` and ``resumedID``.
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

/// The kind of a record. The raw value is stored in the file.
enum RecordKind: UInt8 {
    case battery = 1
    case start = 2
    case param = 3
    case meta = 4
    case epoch = 5
    case curve = 6
    case maxima = 7
    case end = 8
    case search = 9
    case claim = 10
    case enqueue = 11

    init(_ kind: EventKind) {
        self =
            switch kind {
            case .battery: .battery
            case .start: .start
            case .param: .param
            case .meta: .meta
            case .epoch: .epoch
            case .curve: .curve
            case .maxima: .maxima
            case .end: .end
            case .search: .search
            case .claim: .claim
            case .enqueue: .enqueue
            case .alive: preconditionFailure("an event of this kind is not recorded")
            }
    }

    /// The value of the `event` field on the wire.
    var event: StaticString {
        switch self {
        case .battery: "battery"
        case .start: "start"
        case .param: "param"
        case .meta: "meta"
        case .epoch: "epoch"
        case .curve: "curve"
        case .maxima: "maxima"
        case .end: "end"
        case .search: "search"
        case .claim: "claim"
        case .enqueue: "enqueue"
        }
    }

    /// true if the events of the kind are about an experiment.
    var hasExperiment: Bool {
        switch self {
        case .start, .param, .meta, .epoch, .curve, .maxima, .end: true
        case .battery, .search, .claim, .enqueue: false
        }
    }

    /// true if the payload consists of channels of doubles, false if it consists of fields of text.
    var holdsNumbers: Bool {
        switch self {
        case .epoch, .curve, .maxima: true
        case .battery, .start, .param, .meta, .end, .search, .claim, .enqueue: false
        }
    }
}

// Records of other processes. Any of their bytes may be damaged.
extension Record {
    /// Creates a view of a record whose contents all lie within the segment.
    ///
    /// - Parameters:
    ///   - space: The bytes from the record to the end of the segment.
    ///   - ancestorCount: The number of ancestors in the segment's header.
    /// - Returns: nil if the bytes are not a record.
    init?(validatingAt base: UnsafeMutableRawPointer, space: Int, ancestorCount: Int) {
        guard space >= RecordHeader.size else { return nil }
        self.init(at: base)
        guard length >= RecordHeader.size, length <= space, length % 8 == 0,
            let kind = RecordKind(rawValue: base.load(fromByteOffset: RecordHeader.kind, as: UInt8.self) & 15),
            origin <= ancestorCount, (1...UInt64(Int64.max)).contains(seq), let payload = payloadLength(kind)
        else { return nil }
        // The length of a record is rounded up to a multiple of 8.
        guard length - RecordHeader.size - battery.count - payload < 8 else { return nil }
        guard !isResumed || !batteryID.isEmpty && !resumedID.isEmpty else { return nil }
    }

    /// true if the record has a valid kind.
    var hasKind: Bool { RecordKind(rawValue: base.load(fromByteOffset: RecordHeader.kind, as: UInt8.self) & 15) != nil }

    /// true if the sender's thread has written the checksum.
    var hasChecksum: Bool { base.load(fromByteOffset: RecordHeader.checksum, as: UInt32.self) != 0 }

    /// true if the checksum matches the record.
    var isIntact: Bool {
        base.load(fromByteOffset: RecordHeader.checksum, as: UInt32.self) == checksum
    }

    /// Writes the checksum. Called on the sender's thread.
    ///
    /// A log call does not write the checksum, because its computation takes longer than writing the record. Even without
    /// checksums, a kill of the process leaves only whole records. The checksum detects later damage, for example after a
    /// power loss of the host.
    func writeChecksum() {
        base.storeBytes(of: checksum, toByteOffset: RecordHeader.checksum, as: UInt32.self)
    }

    private var checksum: UInt32 {
        var checksum = CRC32C()
        checksum.update(UnsafeRawBufferPointer(start: base, count: 4))
        checksum.update(UnsafeRawBufferPointer(start: base + RecordHeader.kind, count: length - RecordHeader.kind))
        // 0 means that there is no checksum.
        return checksum.value == 0 ? ~0 : checksum.value
    }

    /// Returns the length of the payload in bytes; nil if the payload does not fit into the record.
    private func payloadLength(_ kind: RecordKind) -> Int? {
        let start = RecordHeader.size + battery.count
        var position = start
        for _ in 0..<count {
            let element = base + position
            if kind.holdsNumbers {
                guard position + RecordHeader.channelHeader <= length else { return nil }
                position += RecordHeader.channelHeader + Int(element.loadUnaligned(as: UInt16.self))
                position += Int(element.loadUnaligned(fromByteOffset: 2, as: UInt32.self)) * 8
            } else {
                guard position + RecordHeader.fieldHeader <= length else { return nil }
                position += RecordHeader.fieldHeader + Int(element.loadUnaligned(as: UInt32.self))
                position += Int(element.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            }
        }
        return position <= length ? position - start : nil
    }
}
