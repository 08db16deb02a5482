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
        reserve(24)
        put(UInt8(ascii: "*"))
        put(size: arguments)
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
        add(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Adds one argument.
    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        begin(argumentOf: bytes.count)
        put(bytes)
        putLineEnd()
    }

    /// Adds one argument: the prefix followed by the bytes.
    package mutating func add(prefix: StaticString, _ bytes: UnsafeRawBufferPointer) {
        add(UnsafeRawBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount), suffix: bytes)
    }

    /// Adds one argument: the bytes followed by the suffix.
    package mutating func add(_ bytes: UnsafeRawBufferPointer, suffix: StaticString) {
        add(bytes, suffix: UnsafeRawBufferPointer(start: suffix.utf8Start, count: suffix.utf8CodeUnitCount))
    }

    private mutating func add(_ bytes: UnsafeRawBufferPointer, suffix: UnsafeRawBufferPointer) {
        begin(argumentOf: bytes.count + suffix.count)
        put(bytes)
        put(suffix)
        putLineEnd()
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
        begin(argumentOf: Self.digits(of: magnitude) + (isNegative ? 1 : 0))
        if isNegative { put(UInt8(ascii: "-")) }
        put(decimal: magnitude)
        putLineEnd()
    }

    /// Adds one argument whose bytes the body writes.
    ///
    /// - Parameters:
    ///   - size: the number of bytes.
    ///   - body: initializes all bytes of its argument.
    package mutating func add(size: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
        begin(argumentOf: size)
        body(UnsafeMutableRawBufferPointer(start: base + count, count: size))
        count += size
        putLineEnd()
    }

    /// Writes `$<count>` and reserves space for the argument.
    private mutating func begin(argumentOf count: Int) {
        reserve(count + 32)
        put(UInt8(ascii: "$"))
        put(size: count)
    }

    // The methods below write without a bounds check: call `reserve` first.

    private mutating func put(_ byte: UInt8) {
        base.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count += 1
    }

    private mutating func put(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress else { return }
        (base + count).copyMemory(from: start, byteCount: bytes.count)
        count += bytes.count
    }

    private mutating func putLineEnd() {
        put(UInt8(ascii: "\r"))
        put(UInt8(ascii: "\n"))
    }

    /// Writes a size, which mostly has one or two digits, and the end of its line.
    private mutating func put(size: Int) {
        if size < 10 {
            put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: size))
        } else if size < 100 {
            put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: size / 10))
            put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: size % 10))
        } else {
            put(decimal: UInt64(size))
        }
        putLineEnd()
    }

    private mutating func put(decimal number: UInt64) {
        let digits = Self.digits(of: number)
        var remaining = number
        var position = count + digits
        repeat {
            position -= 1
            base.storeBytes(of: UInt8(ascii: "0") + UInt8(remaining % 10), toByteOffset: position, as: UInt8.self)
            remaining /= 10
        } while remaining > 0
        count += digits
    }

    private static func digits(of number: UInt64) -> Int {
        var digits = 1
        var bound: UInt64 = 10
        while number >= bound {
            digits += 1
            guard digits < 20 else { break }
            bound *= 10
        }
        return digits
    }

    private mutating func reserve(_ extra: Int) {
        guard count + extra > capacity else { return }
        capacity = max(capacity * 2, count + extra)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        larger.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = larger
    }
}
