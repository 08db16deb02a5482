import CHiredis
import HyperoSchema

/// One reply, flat: its elements one after the other as they came, arrays before what they hold.
///
/// hiredis calls these functions while it reads; a tree of replies, its own way, costs an allocation an element, and an
/// XREAD has tens of thousands. The buffer belongs to one connection and is used on that connection's thread only.
final class ReplyBuffer {
    struct Element {
        enum Kind { case text, status, error, integer, array, null }

        /// An integer's value, an array's count, or where a text starts.
        var value: Int
        /// Bytes of a text, as far as they are kept.
        var length = 0
        /// Bytes of the text that are not.
        var omitted: UInt32 = 0
        var kind: Kind
    }

    /// Behind a pointer: for properties of an object, each access to an element would be checked to be exclusive.
    private let memory: UnsafeMutablePointer<Contents> = {
        let memory = UnsafeMutablePointer<Contents>.allocate(capacity: 1)
        memory.initialize(to: Contents())
        return memory
    }()

    deinit {
        memory.pointee.free()
        memory.deallocate()
    }

    var count: Int { memory.pointee.count }
    /// Bytes of all texts as they came.
    var byteCount: Int { memory.pointee.textCount + memory.pointee.omittedBytes }
    /// Elements as they came.
    var elementCount: Int { count + memory.pointee.omittedElements }
    var bounds: ReplyBounds { memory.pointee.bounds }
    /// Whether all of the reply is here.
    var isComplete: Bool { memory.pointee.omittedBytes == 0 && memory.pointee.omittedElements == 0 }

    /// The element at an index below ``count``.
    subscript(index: Int) -> Element { memory.pointee.elements[index] }

    /// Hands the buffer to a reader, which writes to it from then on.
    func attach(to reader: UnsafeMutablePointer<redisReader>) {
        reader.pointee.privdata = UnsafeMutableRawPointer(memory)
    }

    /// What every reader of hiredis is given; the `privdata` of the reader is the buffer.
    nonisolated(unsafe) static let functions: UnsafeMutablePointer<redisReplyObjectFunctions> = {
        // Never changed and never freed: one for the life of the process.
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
            return contents(of: task).add(kind, UnsafeRawBufferPointer(start: start, count: Int(length)))
        }
        functions.pointee.createArray = { task, count in contents(of: task!.pointee).add(.array, Int(count)) }
        functions.pointee.createInteger = { task, value in contents(of: task!.pointee).add(.integer, Int(value)) }
        functions.pointee.createNil = { task in contents(of: task!.pointee).add(.null, 0) }
        functions.pointee.freeObject = { _ in }
        return functions
    }()

    private static func contents(of task: redisReadTask) -> UnsafeMutablePointer<Contents> {
        task.privdata.assumingMemoryBound(to: Contents.self)
    }

    /// Forgets the reply, for one within these bounds. Keeps the memory, unless a rare large reply made it large.
    func begin(within bounds: ReplyBounds) { memory.pointee.begin(within: bounds) }

    /// The bytes of a text, which stay as long as the buffer does and no other reply is read into it.
    func text(of element: Element) -> Bytes {
        Bytes(
            start: UnsafePointer((memory.pointee.text + element.value).assumingMemoryBound(to: UInt8.self)),
            count: element.length)
    }
}

/// What a buffer holds: two runs of memory that only grow.
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

    mutating func begin(within bounds: ReplyBounds) {
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

    /// Whether one more element is kept.
    private var hasRoom: Bool { count < bounds.maxTotalBytes / MemoryLayout<ReplyBuffer.Element>.stride }

    mutating func add(_ kind: ReplyBuffer.Element.Kind, _ value: Int) {
        if hasRoom {
            append(ReplyBuffer.Element(value: value, kind: kind))
        } else {
            omittedElements += 1
        }
    }

    mutating func add(_ kind: ReplyBuffer.Element.Kind, _ bytes: UnsafeRawBufferPointer) {
        guard hasRoom else {
            omittedElements += 1
            omittedBytes += bytes.count
            return
        }
        var kept = min(bytes.count, bounds.maxTextBytes)
        // An error is short, and always told.
        if kept > bounds.maxTotalBytes - textCount, kind != .error { kept = 0 }
        let omitted = bytes.count - kept
        omittedBytes += omitted
        append(ReplyBuffer.Element(value: textCount, length: kept, omitted: UInt32(clamping: omitted), kind: kind))
        if textCount + kept > textCapacity { growText(to: textCount + kept) }
        if let start = bytes.baseAddress { (text + textCount).copyMemory(from: start, byteCount: kept) }
        textCount += kept
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
    // hiredis wants something that is not null for every object and only hands it back to us.

    fileprivate func add(_ kind: ReplyBuffer.Element.Kind, _ value: Int) -> UnsafeMutableRawPointer? {
        pointee.add(kind, value)
        return UnsafeMutableRawPointer(self)
    }

    fileprivate func add(
        _ kind: ReplyBuffer.Element.Kind, _ bytes: UnsafeRawBufferPointer
    ) -> UnsafeMutableRawPointer? {
        pointee.add(kind, bytes)
        return UnsafeMutableRawPointer(self)
    }
}
