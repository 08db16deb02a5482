/// How a record starts. All of a record is in the machine's byte order: a journal does not leave its host.
///
/// | offset | bytes | holds |
/// |---|---|---|
/// | 0 | 4 | length of the record, a multiple of 8; written last, so that 0 is where the records end |
/// | 4 | 4 | CRC-32C of the length and of all from offset 8; 0 until the sender's thread has sealed the record |
/// | 8 | 1 | ``RecordKind`` in the low four bits; in the high four, whose experiment it is: 0 the producer's, n its n-th ancestor's |
/// | 9 | 1 | bytes of the battery's id |
/// | 10 | 2 | number of channels or fields |
/// | 12 | 4 | the experiment's number in its producer, 0 in the declaration of a battery |
/// | 16 | 8 | sequence number |
/// | 24 | 8 | Unix milliseconds at the call |
/// | 32 | 8 | epoch, or first epoch of a curve; -1 for none |
/// | 40 | | the battery's id, then the payload, then 0 to 7 zeros |
///
/// A payload of numbers is, for each channel, a name and doubles: 2 bytes of the name's length, 4 of the doubles' count,
/// the name, the doubles. One of text is, for each field, 4 and 4 bytes of lengths, the name, the value.
enum RecordHeader {
    static let length = 0
    static let checksum = 4
    static let kind = 8
    static let batteryLength = 9
    static let count = 10
    static let experiment = 12
    static let seq = 16
    static let time = 24
    static let epoch = 32
    static let size = 40

    static let channelHeader = 6
    static let fieldHeader = 8
    static let noEpoch: Int64 = -1
}
