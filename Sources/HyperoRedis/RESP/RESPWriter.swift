package import HyperoSchema

/// A buffer of commands encoded in RESP, the Redis protocol.
///
///     var writer = RESPWriter()
///     writer.begin(arguments: 3)
///     writer.add("GETRANGE")
///     …
///     try connection.send(writer)
///     writer.removeAll()
///
/// Reuse one writer for all batches, because it keeps its memory. Sending a batch takes half the time that hiredis
/// needs to encode and send the same arguments.
package struct RESPWriter: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    /// The number of bytes written since ``removeAll(keepingAtMost:)``.
    package private(set) var count = 0
    /// The number of commands begun since ``removeAll(keepingAtMost:)``: the number of replies to receive.
    package private(set) var commands = 0

    /// - Parameter capacity: the initial size in bytes, at least 64. The buffer grows as needed.
    package init(capacity: Int = 4096) {
        self.capacity = max(capacity, 64)
        base = .allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit {
        base.deallocate()
    }

    /// The encoded commands. Valid until the next change.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Removes all commands and keeps the memory.
    ///
    /// - Parameter limit: the maximum size in bytes of the memory to keep, so that one large batch does not hold it forever.
    package mutating func removeAll(keepingAtMost limit: Int = 4 << 20) {
        count = 0
        commands = 0
        guard capacity > limit else { return }
        base.deallocate()
        capacity = limit
        base = .allocate(byteCount: capacity, alignment: 16)
    }

    /// Begins a command. Exactly `arguments` calls of an `add` method must follow; the first adds the command's name.
    package mutating func begin(arguments: Int) {
        commands += 1
        var end = reserve(0)
        end.put(UInt8(ascii: "*"), size: arguments)
        finish(at: end)
    }

    /// Adds a command with all its arguments.
    package mutating func command(_ arguments: String...) {
        begin(arguments: arguments.count)
        for argument in arguments { add(argument) }
    }

    /// Adds one argument.
    package mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
    }

    /// Adds one argument.
    package mutating func add(_ text: StaticString) {
        add(UnsafeRawBufferPointer(text))
    }

    /// Adds one argument.
    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var end = begin(argumentOf: bytes.count)
        end.put(bytes)
        end.putLineEnd()
        finish(at: end)
    }

    /// Adds one argument: the key.
    package mutating func add(_ key: SubjectKey) {
        var end = begin(argumentOf: key.size)
        end.put(key.tag)
        end.put(UnsafeRawBufferPointer(key.type))
        end.put(key.id)
        end.put(UnsafeRawBufferPointer(key.suffix))
        end.putLineEnd()
        finish(at: end)
    }

    /// Adds one argument: the prefix followed by the bytes.
    package mutating func add(prefix: StaticString, _ bytes: UnsafeRawBufferPointer) {
        add(UnsafeRawBufferPointer(prefix), suffix: bytes)
    }

    /// Adds one argument: the bytes followed by the suffix.
    package mutating func add(_ bytes: UnsafeRawBufferPointer, suffix: StaticString) {
        add(bytes, suffix: UnsafeRawBufferPointer(suffix))
    }

    private mutating func add(_ bytes: UnsafeRawBufferPointer, suffix: UnsafeRawBufferPointer) {
        var end = begin(argumentOf: bytes.count + suffix.count)
        end.put(bytes)
        end.put(suffix)
        end.putLineEnd()
        finish(at: end)
    }

    /// Adds one argument: the number in decimal.
    package mutating func add(_ number: some BinaryInteger) {
        add(magnitude: UInt64(number.magnitude), isNegative: number < 0)
    }

    /// Adds one argument: the number in decimal. The generic method would cost ten times as much in another module.
    package mutating func add(_ number: Int) { add(magnitude: UInt64(number.magnitude), isNegative: number < 0) }

    /// Adds one argument: the number in decimal.
    package mutating func add(_ number: Int64) { add(magnitude: number.magnitude, isNegative: number < 0) }

    private mutating func add(magnitude: UInt64, isNegative: Bool) {
        var end = reserve(2 * Self.maxDigits)
        // The number of digits precedes them, so they are written after their place and then moved.
        let limit = end + 2 * Self.maxDigits
        var first = limit
        var remaining = magnitude
        repeat {
            first -= 1
            first.storeBytes(of: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: remaining % 10), as: UInt8.self)
            remaining /= 10
        } while remaining > 0
        if isNegative {
            first -= 1
            first.storeBytes(of: UInt8(ascii: "-"), as: UInt8.self)
        }
        let digits = UnsafeRawBufferPointer(start: first, count: limit - first)
        end.put(UInt8(ascii: "$"), size: digits.count)
        end.put(digits)
        end.putLineEnd()
        finish(at: end)
    }

    /// The maximum number of bytes of a number in decimal, and of the line before it.
    private static let maxDigits = 24

    /// Adds one argument whose bytes the body writes.
    ///
    /// - Parameters:
    ///   - size: the number of bytes.
    ///   - body: initializes all bytes of its argument.
    package mutating func add(size: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
        var end = begin(argumentOf: size)
        body(UnsafeMutableRawBufferPointer(start: end, count: size))
        end += size
        end.putLineEnd()
        finish(at: end)
    }

    // The methods below give and take the end of what is written: in a variable, because the compiler must else expect that
    // each byte changes it.

    /// Writes `$<count>`, and reserves memory for the argument and the end of its line.
    ///
    /// - Returns: the end of what is written. Pass it to ``finish(at:)`` after the end of the line.
    @inline(__always)
    private mutating func begin(argumentOf count: Int) -> UnsafeMutableRawPointer {
        var end = reserve(count)
        end.put(UInt8(ascii: "$"), size: count)
        return end
    }

    private mutating func finish(at end: UnsafeMutableRawPointer) { count = end - base }

    /// Reserves memory for some bytes and two lines of a size.
    ///
    /// - Returns: the end of what is written.
    @inline(__always)
    private mutating func reserve(_ extra: Int) -> UnsafeMutableRawPointer {
        if count + extra + 64 > capacity { grow(to: count + extra + 64) }
        return base + count
    }

    private mutating func grow(to needed: Int) {
        capacity = max(capacity * 2, needed)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        larger.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = larger
    }
}

/// Writing at the end of reserved memory.
extension UnsafeMutableRawPointer {
    fileprivate mutating func put(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        copyMemory(from: start, byteCount: bytes.count)
        self += bytes.count
    }

    fileprivate mutating func put(_ text: String) {
        var text = text
        text.withUTF8 { put(UnsafeRawBufferPointer($0)) }
    }

    fileprivate mutating func putLineEnd() {
        storeBytes(of: UInt16(littleEndian: 0x0A0D), as: UInt16.self)
        self += 2
    }

    /// Writes a line with a size, which mostly has one or two digits.
    fileprivate mutating func put(_ type: UInt8, size: Int) {
        storeBytes(of: type, as: UInt8.self)
        self += 1
        // Calls of the recursive function would cost as much as all the rest of a short argument.
        switch size {
        case 0..<10: put(digit: size)
        case 10..<100:
            put(digit: size / 10)
            put(digit: size % 10)
        default: put(decimal: size)
        }
        putLineEnd()
    }

    private mutating func put(decimal size: Int) {
        if size >= 10 { put(decimal: size / 10) }
        put(digit: size % 10)
    }

    private mutating func put(digit: Int) {
        storeBytes(of: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digit), as: UInt8.self)
        self += 1
    }
}

extension UnsafeRawBufferPointer {
    fileprivate init(_ text: StaticString) {
        self.init(start: text.utf8Start, count: text.utf8CodeUnitCount)
    }
}
