/// Commands as they go over the connection, written into one buffer that is kept from batch to batch.
///
///     writer.begin(arguments: 3)
///     writer.add("HSET")
///     …
///
/// Owning the bytes instead of handing arguments to hiredis makes a batch twice as fast to send.
package struct RESPWriter: ~Copyable {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    /// Bytes written since ``removeAll()``.
    package private(set) var count = 0
    /// Commands begun since ``removeAll()``: the replies that will come.
    package private(set) var commands = 0

    /// - Parameter capacity: bytes the buffer has from the start; it grows as needed.
    package init(capacity: Int = 4096) {
        self.capacity = max(capacity, 64)
        base = .allocate(byteCount: self.capacity, alignment: 16)
    }

    deinit {
        base.deallocate()
    }

    /// What was written. Valid until the next change.
    package var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    /// Forgets what was written and keeps the memory, unless a rare large batch made it large.
    package mutating func removeAll(keepingAtMost limit: Int = 4 << 20) {
        count = 0
        commands = 0
        guard capacity > limit else { return }
        base.deallocate()
        capacity = limit
        base = .allocate(byteCount: capacity, alignment: 16)
    }

    /// Starts a command; exactly so many ``add`` calls must follow, its name the first.
    package mutating func begin(arguments: Int) {
        commands += 1
        reserve(24)
        put(UInt8(ascii: "*"))
        put(decimal: UInt64(arguments))
        putLineEnd()
    }

    /// A whole command.
    package mutating func command(_ arguments: String...) {
        begin(arguments: arguments.count)
        for argument in arguments { add(argument) }
    }

    package mutating func add(_ text: String) {
        var text = text
        text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
    }

    package mutating func add(_ text: StaticString) {
        add(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        begin(argumentOf: bytes.count)
        put(bytes)
        putLineEnd()
    }

    /// One argument made of two parts.
    package mutating func add(prefix: StaticString, _ bytes: UnsafeRawBufferPointer) {
        add(UnsafeRawBufferPointer(start: prefix.utf8Start, count: prefix.utf8CodeUnitCount), suffix: bytes)
    }

    /// One argument made of two parts.
    package mutating func add(_ bytes: UnsafeRawBufferPointer, suffix: StaticString) {
        add(bytes, suffix: UnsafeRawBufferPointer(start: suffix.utf8Start, count: suffix.utf8CodeUnitCount))
    }

    private mutating func add(_ bytes: UnsafeRawBufferPointer, suffix: UnsafeRawBufferPointer) {
        begin(argumentOf: bytes.count + suffix.count)
        put(bytes)
        put(suffix)
        putLineEnd()
    }

    package mutating func add(_ number: some BinaryInteger) {
        let magnitude = UInt64(number.magnitude)
        let isNegative = number < 0
        begin(argumentOf: Self.digits(of: magnitude) + (isNegative ? 1 : 0))
        if isNegative { put(UInt8(ascii: "-")) }
        put(decimal: magnitude)
        putLineEnd()
    }

    /// One argument of so many bytes, which the body writes.
    package mutating func add(size: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
        begin(argumentOf: size)
        body(UnsafeMutableRawBufferPointer(start: base + count, count: size))
        count += size
        putLineEnd()
    }

    /// `$<count>` and the room for what follows.
    private mutating func begin(argumentOf count: Int) {
        reserve(count + 32)
        put(UInt8(ascii: "$"))
        put(decimal: UInt64(count))
        putLineEnd()
    }

    // What follows needs `reserve` first.

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

    private mutating func put(decimal number: UInt64) {
        let digits = Self.digits(of: number)
        var rest = number
        var position = count + digits
        repeat {
            position -= 1
            base.storeBytes(of: UInt8(ascii: "0") + UInt8(rest % 10), toByteOffset: position, as: UInt8.self)
            rest /= 10
        } while rest > 0
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
