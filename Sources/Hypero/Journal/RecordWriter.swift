/// A writer of the payload of a record, from front to back. The caller guarantees that the memory is large enough.
struct RecordWriter {
    private var position: UnsafeMutableRawPointer

    @inline(__always)
    init(at position: UnsafeMutableRawPointer) {
        self.position = position
    }

    @inline(__always)
    mutating func put(channel: StaticString, _ value: Double) {
        putChannelHeader(nameLength: channel.utf8CodeUnitCount, count: 1)
        put(UnsafeRawBufferPointer(start: channel.utf8Start, count: channel.utf8CodeUnitCount))
        position.storeBytes(of: value, as: Double.self)
        position += 8
    }

    mutating func put(channel: String, _ values: UnsafeBufferPointer<Double>) {
        var channel = channel
        channel.withUTF8 { put(channel: $0, values) }
    }

    mutating func put(channel: UnsafeBufferPointer<UInt8>, _ values: UnsafeBufferPointer<Double>) {
        putChannelHeader(nameLength: channel.count, count: values.count)
        put(UnsafeRawBufferPointer(channel))
        put(UnsafeRawBufferPointer(values))
    }

    mutating func put(field name: String, _ value: String) {
        position.storeBytes(of: UInt32(name.utf8.count), as: UInt32.self)
        (position + 4).storeBytes(of: UInt32(value.utf8.count), as: UInt32.self)
        position += RecordHeader.fieldHeader
        put(name)
        put(value)
    }

    @inline(__always)
    private mutating func putChannelHeader(nameLength: Int, count: Int) {
        position.storeBytes(of: UInt16(truncatingIfNeeded: nameLength), as: UInt16.self)
        (position + 2).storeBytes(of: UInt32(truncatingIfNeeded: count), as: UInt32.self)
        position += RecordHeader.channelHeader
    }

    private mutating func put(_ text: String) {
        var text = text
        text.withUTF8 { put(UnsafeRawBufferPointer($0)) }
    }

    @inline(__always)
    private mutating func put(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        position.copyMemory(from: start, byteCount: bytes.count)
        position += bytes.count
    }
}
