import Glibc

/// The parser of a connection's replies, with the received bytes that are not parsed yet.
///
///     while try !parser.parse(into: buffer) { … parser.fill { read(descriptor, $0, $1) } … }
///
/// The parser of hiredis gathers each text as a whole, whatever its length, and searches an unfinished line from its start
/// after every read. With it, a hostile or broken server could take any amount of memory and time. This parser moves each
/// piece of a text to the ``ReplyBuffer`` as it arrives, counts what is beyond the ``ReplyBounds``, and looks at each byte
/// once. It needs no stack for nested arrays.
struct ReplyParser: ~Copyable {
    enum Failure: Error {
        /// The bytes are not a reply of RESP2, or a line of it has more than 128 KiB.
        case invalid
        /// The reply is beyond bounds that reject it.
        case tooLarge
    }

    /// The bytes from `start` to `end` are received and not parsed.
    private let bytes = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 64)
    private var start = 0
    private var end = 0
    /// No line ends before this offset.
    private var searched = 0
    /// The number of elements that the current reply lacks, without the current text. 0 between two replies.
    private var missing = 0
    /// The current text, a part of which is not received yet.
    private var text: (remaining: Int, kept: Int)?

    private static let capacity = 128 << 10
    /// No value of Redis is longer: its memory format limits a stream entry to 4 GiB, and other values to 512 MB.
    private static let maxTextLength = 1 << 32

    deinit { bytes.deallocate() }

    /// True if received bytes have not been parsed.
    var hasInput: Bool { start < end }

    /// Parses up to the end of the current reply.
    ///
    /// - Returns: false if the end is not received yet. Call ``fill(_:)`` before the next call.
    mutating func parse(into buffer: ReplyBuffer) throws(Failure) -> Bool {
        if missing == 0, text == nil { missing = 1 }
        while true {
            if text != nil, try !finishText(in: buffer) { return false }
            parseWholeElements(into: buffer)
            guard missing > 0 else { return true }
            guard try parseElement(into: buffer) else { return false }
        }
    }

    /// Skips replies that are a line and are received as a whole.
    ///
    /// - Parameter line: the line with its type and its end.
    /// - Returns: the number of replies skipped.
    mutating func skipReplies(equalTo line: StaticString, atMost limit: Int) -> Int {
        guard missing == 0, text == nil else { return 0 }
        let size = line.utf8CodeUnitCount
        var count = 0
        while count < limit, end - start >= size, memcmp(bytes + start, line.utf8Start, size) == 0 {
            start += size
            count += 1
        }
        return count
    }

    /// Calls a function with free memory to which it may add received bytes, and its size.
    ///
    /// - Parameter read: returns the number of bytes added; 0 or a negative number for none.
    /// - Returns: the result of the function.
    mutating func fill(_ read: (UnsafeMutableRawPointer, Int) -> Int) throws(Failure) -> Int {
        // What is left is the beginning of one line. Moved before the free memory gets small.
        if start == end || start > 0 && Self.capacity - end < Self.capacity / 2 {
            memmove(bytes, bytes + start, end - start)
            searched = max(searched - start, 0)
            end -= start
            start = 0
        }
        guard end < Self.capacity else { throw .invalid }
        let count = read(bytes + end, Self.capacity - end)
        end += max(count, 0)
        return count
    }

    /// Parses the texts and integers that come next, as long as each is received as a whole and within the bounds. Nearly all
    /// elements of a large reply are such. Any other element is left to ``parseElement(into:)``, which parses it from its
    /// start.
    private mutating func parseWholeElements(into buffer: ReplyBuffer) {
        let received = UnsafeRawBufferPointer(start: bytes + start, count: end - start)
        let (elements, size) = buffer.contents.pointee.addWholeElements(at: received, atMost: missing)
        start += size
        missing -= elements
    }

    /// Parses one element, of a text only the length.
    ///
    /// - Returns: false if the line is not received yet.
    private mutating func parseElement(into buffer: ReplyBuffer) throws(Failure) -> Bool {
        guard start < end else { return false }
        switch byte(at: start) {
        case UInt8(ascii: "$"):
            guard let length = try takeNumber() else { return false }
            guard length != -1 else { return try add(.null, value: 0, to: buffer) }
            guard 0...Self.maxTextLength ~= length else { throw .invalid }
            guard let kept = buffer.contents.pointee.beginText(.text, length: length) else { throw .tooLarge }
            missing -= 1
            text = (length, kept)
            return true
        case UInt8(ascii: "*"):
            guard let count = try takeNumber() else { return false }
            guard count != -1 else { return try add(.null, value: 0, to: buffer) }
            guard 0...Int(Int32.max) ~= count else { throw .invalid }
            let (sum, overflows) = missing.addingReportingOverflow(count)
            guard !overflows else { throw .invalid }
            missing = sum
            return try add(.array, value: count, to: buffer)
        case UInt8(ascii: ":"):
            guard let value = try takeNumber() else { return false }
            return try add(.integer, value: value, to: buffer)
        case UInt8(ascii: "+"): return try takeLine(as: .status, to: buffer)
        case UInt8(ascii: "-"): return try takeLine(as: .error, to: buffer)
        default: throw .invalid
        }
    }

    private mutating func add(
        _ kind: ReplyBuffer.Element.Kind, value: Int, to buffer: ReplyBuffer
    ) throws(Failure) -> Bool {
        guard buffer.contents.pointee.add(kind, value: value) else { throw .tooLarge }
        missing -= 1
        return true
    }

    /// Moves the received part of the current text to the buffer.
    ///
    /// - Returns: false if the text is not received completely.
    private mutating func finishText(in buffer: ReplyBuffer) throws(Failure) -> Bool {
        guard var (remaining, kept) = text else { return true }
        let received = min(end - start, remaining)
        let keptNow = min(received, kept)
        if keptNow > 0 { buffer.contents.pointee.appendText(bytes + start, count: keptNow) }
        start += received
        remaining -= received
        kept -= keptNow
        text = (remaining, kept)
        guard remaining == 0, end - start >= 2 else { return false }
        guard isLineEnd(at: start) else { throw .invalid }
        start += 2
        text = nil
        return true
    }

    /// Reads the number after the type of the element, and the end of its line.
    ///
    /// - Returns: nil if the line is not received yet.
    private mutating func takeNumber() throws(Failure) -> Int? {
        var position = start + 1
        let isNegative = position < end && byte(at: position) == UInt8(ascii: "-")
        if isNegative { position += 1 }
        let first = position
        // Negative, because the lowest number has no positive counterpart.
        var negated = 0
        while position < end, case let digit = byte(at: position) &- UInt8(ascii: "0"), digit < 10 {
            let (product, overflows) = negated.multipliedReportingOverflow(by: 10)
            let (difference, isTooLow) = product.subtractingReportingOverflow(Int(digit))
            guard !overflows, !isTooLow, position - first < Self.maxDigits else { throw .invalid }
            negated = difference
            position += 1
        }
        guard end - position >= 2 else {
            guard position == end || byte(at: position) == UInt8(ascii: "\r") else { throw .invalid }
            return nil
        }
        guard position > first, isLineEnd(at: position), isNegative || negated != .min else { throw .invalid }
        start = position + 2
        return isNegative ? negated : -negated
    }

    private static let maxDigits = 20

    /// Moves a line without its type and its end to the buffer.
    ///
    /// - Returns: false if the line is not received yet.
    private mutating func takeLine(
        as kind: ReplyBuffer.Element.Kind, to buffer: ReplyBuffer
    ) throws(Failure) -> Bool {
        let from = max(start + 1, searched)
        guard let found = memchr(bytes + from, 10, end - from) else {
            searched = end
            return false
        }
        let newline = found - bytes
        guard newline - 1 > start, isLineEnd(at: newline - 1) else { throw .invalid }
        let length = newline - 2 - start
        guard let kept = buffer.contents.pointee.beginText(kind, length: length) else { throw .tooLarge }
        if kept > 0 { buffer.contents.pointee.appendText(bytes + start + 1, count: kept) }
        missing -= 1
        start = newline + 1
        searched = 0
        return true
    }

    private func byte(at offset: Int) -> UInt8 { bytes.load(fromByteOffset: offset, as: UInt8.self) }

    private func isLineEnd(at offset: Int) -> Bool { (UnsafeRawPointer(bytes) + offset).isLineEnd }
}

extension UnsafeRawPointer {
    /// True if the next two bytes end a line.
    var isLineEnd: Bool { loadUnaligned(as: UInt16.self) == UInt16(littleEndian: 0x0A0D) }
}
