import Glibc
import HyperoSchema

/// The elements of one reply in a flat list, in the order received: an array precedes its elements.
///
/// A tree would need an allocation per element, and a reply of XREAD has tens of thousands of elements. A buffer belongs to
/// one connection and is used on the thread of that connection only.
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

    /// Behind a pointer, because every access to a stored property of a class is checked for exclusivity.
    let contents: UnsafeMutablePointer<Contents> = {
        let memory = UnsafeMutablePointer<Contents>.allocate(capacity: 1)
        memory.initialize(to: Contents())
        return memory
    }()

    deinit {
        contents.pointee.free()
        contents.deallocate()
    }

    /// The number of elements kept.
    var count: Int { contents.pointee.count }
    /// The number of bytes in all texts as received.
    var byteCount: Int { contents.pointee.textCount + contents.pointee.omittedBytes }
    /// The number of elements as received.
    var elementCount: Int { count + contents.pointee.omittedElements }
    var bounds: ReplyBounds { contents.pointee.bounds }
    /// True if all elements and texts are kept.
    var isComplete: Bool { contents.pointee.omittedBytes == 0 && contents.pointee.omittedElements == 0 }

    /// The element at an index in `0..<count`.
    subscript(index: Int) -> Element { contents.pointee.elements[index] }

    /// Removes all elements, for a reply with other bounds. Keeps the memory, except after an unusually large reply.
    func clear(for bounds: ReplyBounds) { contents.pointee.clear(for: bounds) }

    /// Returns the bytes of a text. They are valid until the buffer is cleared or freed.
    func text(of element: Element) -> Bytes {
        Bytes(
            start: UnsafePointer((contents.pointee.text + element.value).assumingMemoryBound(to: UInt8.self)),
            count: element.length)
    }
}

extension ReplyBuffer {
    /// The memory of a buffer: elements and the bytes of their texts. Both grow as needed, by `realloc`, which moves large
    /// memory without a second copy.
    struct Contents {
        private(set) var elements = Self.reallocated(nil, capacity: 64)
        private(set) var count = 0
        private var capacity = 64
        private(set) var text = Self.reallocated(nil, byteCount: 1_024)
        private(set) var textCount = 0
        private var textCapacity = 1_024
        private(set) var bounds = ReplyBounds.large
        private(set) var omittedBytes = 0
        private(set) var omittedElements = 0

        mutating func free() {
            Glibc.free(elements)
            Glibc.free(text)
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

        /// Adds an element that is not a text, or only counts it.
        ///
        /// - Returns: false if the bounds reject the reply.
        mutating func add(_ kind: Element.Kind, value: Int) -> Bool {
            guard hasRoom else {
                omittedElements += 1
                return !bounds.rejectsLargerReplies
            }
            append(Element(value: value, kind: kind))
            return true
        }

        /// Adds a text or status without its bytes, or only counts it. ``appendText(_:count:)`` adds the bytes.
        ///
        /// - Parameter length: the number of bytes that the server announces. No memory is reserved for them, because they
        ///   may never arrive.
        /// - Returns: the number of bytes to add; nil if the bounds reject the reply.
        mutating func beginText(_ kind: Element.Kind, length: Int) -> Int? {
            var kept = hasRoom ? min(length, bounds.maxTextBytes, Self.maxLength(of: kind)) : 0
            let free = bounds.maxTotalBytes - textCount - (bounds.rejectsLargerReplies ? usedByElements : 0)
            if kept > free { kept = 0 }
            let omitted = length - kept
            guard hasRoom, omitted == 0 || !bounds.rejectsLargerReplies || kind == .error else {
                omittedElements += 1
                omittedBytes += omitted
                return bounds.rejectsLargerReplies ? nil : 0
            }
            omittedBytes += omitted
            append(Element(value: textCount, omitted: UInt32(clamping: omitted), kind: kind))
            return kept
        }

        /// Adds bytes to the text that was added last. There must be as many as ``beginText(_:length:)`` returned, in any
        /// number of pieces.
        mutating func appendText(_ start: UnsafeRawPointer, count bytes: Int) {
            if textCount + bytes > textCapacity { growText(to: textCount + bytes) }
            (text + textCount).copyMemory(from: start, byteCount: bytes)
            textCount += bytes
            elements[count - 1].length += bytes
        }

        /// Adds the texts and integers at the start of received bytes, as long as each is received as a whole and within the
        /// bounds.
        ///
        /// - Parameter limit: the maximum number of elements.
        /// - Returns: the number of elements, and the number of their bytes as received.
        mutating func addWholeElements(
            at received: UnsafeRawBufferPointer, atMost limit: Int
        ) -> (elements: Int, bytes: Int) {
            guard let start = received.baseAddress else { return (0, 0) }
            let (bounds, size, first) = (bounds, received.count, count)
            // In variables, because the compiler must else expect that the bytes of a text change them. No sum overflows,
            // because the digits of a number end as soon as it exceeds the number of bytes.
            var (count, textCount) = (count, textCount)
            defer { (self.count, self.textCount) = (count, textCount) }
            var parsed = 0
            func byte(at offset: Int) -> UInt8 { start.load(fromByteOffset: offset, as: UInt8.self) }
            while count &- first < limit, parsed < size {
                let isText = byte(at: parsed) == UInt8(ascii: "$")
                guard isText || byte(at: parsed) == UInt8(ascii: ":") else { break }
                var position = parsed &+ 1
                var number = 0
                while position < size, case let digit = byte(at: position) &- UInt8(ascii: "0"), digit < 10,
                    number <= size
                {
                    number = number &* 10 &+ Int(digit)
                    position &+= 1
                }
                let length = isText ? number : 0
                let (text, used) = (position &+ 2, textCount &+ length)
                guard position > parsed &+ 1, text <= size, (start + position).isLineEnd, length <= bounds.maxTextBytes,
                    (count &+ 1) &* MemoryLayout<Element>.stride &+ used <= bounds.maxTotalBytes
                else { break }
                if count == capacity { growElements() }
                if isText {
                    guard size &- text >= length &+ 2, (start + text + length).isLineEnd else { break }
                    if used &+ Self.shortSize > textCapacity { growText(to: used &+ Self.shortSize) }
                    let place = self.text + textCount
                    // A call would cost as much as all the rest.
                    if length <= Self.shortSize, size &- text >= Self.shortSize {
                        place.storeBytes(of: (start + text).loadUnaligned(as: Short.self), as: Short.self)
                    } else {
                        place.copyMemory(from: start + text, byteCount: length)
                    }
                    elements[count] = Element(value: textCount, length: length, kind: .text)
                    parsed = text &+ length &+ 2
                } else {
                    elements[count] = Element(value: number, kind: .integer)
                    parsed = text
                }
                count &+= 1
                textCount = used
            }
            return (count &- first, parsed)
        }

        /// The bytes that are copied at once of a short text, including those after it.
        private typealias Short = SIMD16<UInt8>
        private static let shortSize = MemoryLayout<Short>.size

        /// Error replies need no more: the client shows 300 characters.
        private static func maxLength(of kind: Element.Kind) -> Int { kind == .error ? 1_024 : .max }

        private var usedByElements: Int { (count + 1) * MemoryLayout<Element>.stride }

        /// True if the bounds allow one more element.
        private var hasRoom: Bool {
            usedByElements + (bounds.rejectsLargerReplies ? textCount : 0) <= bounds.maxTotalBytes
        }

        private mutating func append(_ element: Element) {
            if count == capacity { growElements() }
            elements[count] = element
            count += 1
        }

        private mutating func growElements() {
            capacity *= 2
            elements = Self.reallocated(elements, capacity: capacity)
        }

        private mutating func growText(to needed: Int) {
            textCapacity = max(textCapacity * 2, needed)
            text = Self.reallocated(text, byteCount: textCapacity)
        }

        private static func reallocated(
            _ memory: UnsafeMutablePointer<Element>?, capacity: Int
        ) -> UnsafeMutablePointer<Element> {
            reallocated(UnsafeMutableRawPointer(memory), byteCount: capacity * MemoryLayout<Element>.stride)
                .bindMemory(to: Element.self, capacity: capacity)
        }

        private static func reallocated(
            _ memory: UnsafeMutableRawPointer?, byteCount: Int
        ) -> UnsafeMutableRawPointer {
            guard let larger = realloc(memory, byteCount) else { fatalError("no memory for a reply from Redis") }
            return larger
        }
    }
}
