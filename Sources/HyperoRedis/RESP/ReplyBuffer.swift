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

    fileprivate struct Contents {
        var elements: [Element] = []
        var text: [UInt8] = []
        var bounds = ReplyBounds.none
        var omittedBytes = 0
        var omittedElements = 0
    }

    /// Behind a pointer: for properties of an object, each access to an element would be checked to be exclusive.
    private let memory: UnsafeMutablePointer<Contents> = {
        let memory = UnsafeMutablePointer<Contents>.allocate(capacity: 1)
        memory.initialize(to: Contents())
        return memory
    }()

    deinit {
        memory.deinitialize(count: 1)
        memory.deallocate()
    }

    var count: Int { memory.pointee.elements.count }
    /// Bytes of all texts as they came.
    var byteCount: Int { memory.pointee.text.count + memory.pointee.omittedBytes }
    /// Elements as they came.
    var elementCount: Int { count + memory.pointee.omittedElements }
    var bounds: ReplyBounds { memory.pointee.bounds }
    /// Whether all of the reply is here.
    var isWhole: Bool { memory.pointee.omittedBytes == 0 && memory.pointee.omittedElements == 0 }

    subscript(index: Int) -> Element { memory.pointee.elements[index] }

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
            return of(task).add(kind, UnsafeBufferPointer(start: start, count: Int(length)))
        }
        functions.pointee.createArray = { task, count in of(task!.pointee).add(.array, Int(count)) }
        functions.pointee.createInteger = { task, value in of(task!.pointee).add(.integer, Int(value)) }
        functions.pointee.createNil = { task in of(task!.pointee).add(.null, 0) }
        functions.pointee.freeObject = { _ in }
        return functions
    }()

    private static func of(_ task: redisReadTask) -> ReplyBuffer {
        Unmanaged.fromOpaque(task.privdata).takeUnretainedValue()
    }

    /// Forgets the reply, for one within these bounds. Keeps the memory, unless a rare large reply made it large.
    func begin(within bounds: ReplyBounds) {
        memory.pointee.elements.removeAll(keepingCapacity: memory.pointee.elements.capacity < 1 << 20)
        memory.pointee.text.removeAll(keepingCapacity: memory.pointee.text.capacity < 16 << 20)
        memory.pointee.bounds = bounds
        memory.pointee.omittedBytes = 0
        memory.pointee.omittedElements = 0
    }

    func withText<Result>(of element: Element, _ body: (Bytes) -> Result) -> Result {
        memory.pointee.text.withUnsafeBufferPointer {
            body(Bytes(rebasing: $0[element.value..<element.value + element.length]))
        }
    }

    /// The whole text, for those who read many elements at once.
    func withAllText<Result, Failure>(_ body: (Bytes) throws(Failure) -> Result) throws(Failure) -> Result {
        try memory.pointee.text.withUnsafeBufferPointer(body)
    }

    private func add(_ kind: Element.Kind, _ value: Int) -> UnsafeMutableRawPointer? {
        if memory.pointee.hasRoom {
            memory.pointee.elements.append(Element(value: value, kind: kind))
        } else {
            memory.pointee.omittedElements += 1
        }
        return Self.made
    }

    private func add(_ kind: Element.Kind, _ characters: UnsafeBufferPointer<CChar>) -> UnsafeMutableRawPointer? {
        Self.add(kind, UnsafeRawBufferPointer(characters), to: &memory.pointee)
        return Self.made
    }

    private static func add(_ kind: Element.Kind, _ bytes: UnsafeRawBufferPointer, to contents: inout Contents) {
        guard contents.hasRoom else {
            contents.omittedElements += 1
            contents.omittedBytes += bytes.count
            return
        }
        var kept = bytes.count
        if kept > contents.bounds.text { kept = contents.bounds.text }
        // An error is short, and always told.
        if kept > contents.bounds.whole - contents.text.count, kind != .error { kept = 0 }
        let omitted = bytes.count - kept
        contents.omittedBytes += omitted
        contents.elements.append(
            Element(value: contents.text.count, length: kept, omitted: UInt32(clamping: omitted), kind: kind))
        contents.text.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes.prefix(kept)))
    }

    /// hiredis wants something that is not null for every object and only hands it back to us.
    private static var made: UnsafeMutableRawPointer? { UnsafeMutableRawPointer(bitPattern: 1) }
}

extension ReplyBuffer.Contents {
    /// Whether one more element is kept.
    fileprivate var hasRoom: Bool {
        elements.count < bounds.whole / MemoryLayout<ReplyBuffer.Element>.stride
    }
}
