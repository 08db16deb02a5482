/// How a record starts. All of a record is in the machine's byte order: a journal does not leave its host.
///
/// | offset | bytes | holds |
/// |---|---|---|
/// | 0 | 4 | length of the record, a multiple of 8; written last, so that 0 is where the records end |
/// | 4 | 1 | ``RecordKind`` |
/// | 5 | 1 | bytes of the battery's id |
/// | 6 | 2 | number of channels or fields |
/// | 8 | 8 | sequence number |
/// | 16 | 8 | Unix milliseconds at the call |
/// | 24 | 8 | the experiment's number in its producer, 0 in the declaration of a battery |
/// | 32 | 8 | epoch, or first epoch of a curve; -1 for none |
/// | 40 | | the battery's id, then the payload |
///
/// A payload of numbers is, for each channel, a name and doubles: 2 bytes of the name's length, 4 of the doubles' count,
/// the name, the doubles. One of text is, for each field, 4 and 4 bytes of lengths, the name, the value.
enum RecordHeader {
    static let length = 0
    static let kind = 4
    static let batteryLength = 5
    static let count = 6
    static let seq = 8
    static let time = 16
    static let experiment = 24
    static let epoch = 32
    static let size = 40

    static let channelHeader = 6
    static let fieldHeader = 8
    static let noEpoch: Int64 = -1
}
