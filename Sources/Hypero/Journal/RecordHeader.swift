/// The offsets in a record. Records are in the byte order of the machine, because a journal never leaves its host.
///
/// | offset | bytes | content |
/// |---|---|---|
/// | 0 | 4 | length of the record, a multiple of 8; one more while the record is being written; 0 before |
/// | 4 | 4 | CRC-32C of the length and of all bytes from offset 8; 0 until the sender's thread writes the checksum |
/// | 8 | 1 | ``RecordKind`` in the low four bits, ``Record/origin`` in the high four bits |
/// | 9 | 1 | length of the battery's id, with the id of a resumed experiment |
/// | 10 | 2 | number of channels or fields |
/// | 12 | 4 | number of the experiment in its producer, or ``resumed``; of a claim in its process; 0 in other events without experiment |
/// | 16 | 8 | sequence number |
/// | 24 | 8 | Unix milliseconds of the log call |
/// | 32 | 8 | epoch, or the first epoch of a curve; -1 for none |
/// | 40 | | the battery's id, for a resumed experiment 0 and its id, then the payload, then 0 to 7 zeros |
///
/// A payload of numbers has for each channel 2 bytes with the length of the name, 4 bytes with the number of values,
/// the name and the values as doubles. A payload of text has for each field 4 bytes with the length of the name, 4
/// bytes with the length of the value, the name and the value.
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
    /// The size of the fixed part in bytes.
    static let size = 40

    /// The bytes before the name of a channel.
    static let channelHeader = 6
    /// The bytes before the name of a field.
    static let fieldHeader = 8
    static let noEpoch: Int64 = -1
    /// The number of an experiment that another process has started first. Its id follows the battery's, after ``separator``.
    static let resumed = UInt32.max
    static let separator: UInt8 = 0
    /// The bit of the length that marks a record as being written.
    static let busy: UInt32 = 1
}
