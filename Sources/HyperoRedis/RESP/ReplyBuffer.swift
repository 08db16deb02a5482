import CHiredis
import HyperoSchema

/// The elements of one reply in a flat list, in the order received: an array precedes its elements.
///
/// hiredis calls ``functions`` for every element that it parses. Its default functions build a tree, with an allocation per
/// element, and a reply of XREAD has tens of thousands of elements. A buffer belongs to one connection and is used on the
/// thread of that connection only.
final class ReplyBuffer {
    struct Element {
        enum Kind { case text, status, error, integer, array, null }

        /// The value of an integer, the element count of an array, or the offset of a text in the buffer.
        var value: Int
        /// The number of bytes kept of a text.
        var length = 0
        /// The number of bytes of the text that are not kept.
        var omitted: UInt32 = 0
        var kind: Kind
    }

    /// The contents are behind a pointer because every access to a stored property of a class is checked for exclusivity.
    private let memory: UnsafeMutablePointer<Contents> = {
        let memory = UnsafeMutablePointer<Contents>.allocate(capacity: 1)
        memory.initialize(to: Contents())
        return memory
    }()

    deinit {
        memory.pointee.free()
        memory.deallocate()
    }

    /// The number of elements kept.
    var count: Int { memory.pointee.count }
    /// The number of bytes in all texts as received.
    var byteCount: Int { memory.pointee.textCount + memory.pointee.omittedBytes }
    /// The number of elements as received.
    var elementCount: Int { count + memory.pointee.omittedElements }
    var bounds: ReplyBounds { memory.pointee.bounds }
    /// True if all elements and texts are kept.
    var isComplete: Bool { memory.pointee.omittedBytes == 0 && memory.pointee.omittedElements == 0 }

    /// The element at an index in `0..<count`.
    subscript(index: Int) -> Element { memory.pointee.elements[index] }

    /// Makes a reader of hiredis write to this buffer.
    func attach(to reader: UnsafeMutablePointer<redisReader>) {
        reader.pointee.privdata = UnsafeMutableRawPointer(memory)
    }

    /// The functions that every reader of hiredis calls. They find the buffer in `privdata` of the reader.
    nonisolated(unsafe) static let functions: UnsafeMutablePointer<redisReplyObjectFunctions> = {
        // Needs no lock, because the functions are never changed or freed.
        let functions = UnsafeMutablePointer<redisReplyObjectFunctions>.allocate(capacity: 1)
        functions.initialize(to: redisReplyObjectFunctions())
        functions.pointee.createString = { task, start, length in
            let task = task!.pointee
            let kind: Element.Kind =
                switch task.type {
                case REDIS_REPLY_STATUS: .status
                case REDIS_REPLY_ERROR: .error
                default: .text
                }
            return contents(of: task).add(kind, text: UnsafeRawBufferPointer(start: start, count: Int(length)))
        }
        functions.pointee.createArray = { task, count in contents(of: task!.pointee).add(.array, value: Int(count)) }
        functions.pointee.createInteger = { task, value in contents(of: task!.pointee).add(.integer, value: Int(value))
        }
        functions.pointee.createNil = { task in contents(of: task!.pointee).add(.null, value: 0) }
        functions.pointee.freeObject = { _ in }
        return functions
    }()

    private static func contents(of task: redisReadTask) -> UnsafeMutablePointer<Contents> {
        task.privdata.assumingMemoryBound(to: Contents.self)
    }

    /// Removes all elements, for a reply with other bounds. Keeps the memory, except after an unusually large reply.
    func clear(for bounds: ReplyBounds) { memory.pointee.clear(for: bounds) }

    /// Returns the bytes of a text. They are valid until the buffer is cleared or freed.
    func text(of element: Element) -> Bytes {
        Bytes(
            start: UnsafePointer((memory.pointee.text + element.value).assumingMemoryBound(to: UInt8.self)),
            count: element.length)
    }
}

/// The memory of a buffer: elements and the bytes of their texts. Both grow as needed.
private struct Contents {
    private(set) var elements = UnsafeMutablePointer<ReplyBuffer.Element>.allocate(capacity: 64)
    private(set) var count = 0
    private var capacity = 64
    private(set) var text = UnsafeMutableRawPointer.allocate(byteCount: 1_024, alignment: 1)
    private(set) var textCount = 0
    private var textCapacity = 1_024
    private(set) var bounds = ReplyBounds.unlimited
    private(set) var omittedBytes = 0
    private(set) var omittedElements = 0

    mutating func free() {
        elements.deallocate()
        text.deallocate()
    }

    mutating func clear(for bounds: ReplyBounds) {
        // The limits are 24 MiB of elements and 16 MiB of texts.
        if capacity > 1 << 20 || textCapacity > 16 << 20 {
            free()
            self = Contents()
        }
        count = 0
        textCount = 0
        omittedBytes = 0
        omittedElements = 0
        self.bounds = bounds
    }

    /// True if the bounds allow one more element.
    private var hasRoom: Bool { count < bounds.maxTotalBytes / MemoryLayout<ReplyBuffer.Element>.stride }

    mutating func add(_ kind: ReplyBuffer.Element.Kind, value: Int) {
        if hasRoom {
            append(ReplyBuffer.Element(value: value, kind: kind))
        } else {
            omittedElements += 1
        }
    }

    mutating func add(_ kind: ReplyBuffer.Element.Kind, text bytes: UnsafeRawBufferPointer) {
        guard hasRoom else {
            omittedElements += 1
            omittedBytes += bytes.count
            return
        }
        var keptCount = min(bytes.count, bounds.maxTextBytes)
        // Error replies are always kept: they are short.
        if keptCount > bounds.maxTotalBytes - textCount, kind != .error { keptCount = 0 }
        let omitted = bytes.count - keptCount
        omittedBytes += omitted
        append(ReplyBuffer.Element(value: textCount, length: keptCount, omitted: UInt32(clamping: omitted), kind: kind))
        if textCount + keptCount > textCapacity { growText(to: textCount + keptCount) }
        if let start = bytes.baseAddress { (text + textCount).copyMemory(from: start, byteCount: keptCount) }
        textCount += keptCount
    }

    private mutating func append(_ element: ReplyBuffer.Element) {
        if count == capacity { grow() }
        elements[count] = element
        count += 1
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<ReplyBuffer.Element>.allocate(capacity: capacity * 2)
        larger.update(from: elements, count: count)
        elements.deallocate()
        elements = larger
        capacity *= 2
    }

    private mutating func growText(to needed: Int) {
        textCapacity = max(textCapacity * 2, needed)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: textCapacity, alignment: 1)
        larger.copyMemory(from: text, byteCount: textCount)
        text.deallocate()
        text = larger
    }
}

extension UnsafeMutablePointer<Contents> {
    // hiredis requires a non-null pointer for every element, and only passes it back.

    fileprivate func add(_ kind: ReplyBuffer.Element.Kind, value: Int) -> UnsafeMutableRawPointer? {
        pointee.add(kind, value: value)
        return UnsafeMutableRawPointer(self)
    }

    fileprivate func add(
        _ kind: ReplyBuffer.Element.Kind, text bytes: UnsafeRawBufferPointer
    ) -> UnsafeMutableRawPointer? {
        pointee.add(kind, text: bytes)
        return UnsafeMutableRawPointer(self)
    }
}
