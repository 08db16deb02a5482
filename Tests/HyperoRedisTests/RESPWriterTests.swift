import HyperoRedis
import Testing

struct RESPWriterTests {
    private func text(_ writer: borrowing RESPWriter) -> String {
        String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test func `A command is encoded as its arguments with their lengths in bytes`() {
        var writer = RESPWriter()
        writer.command("SET", "größe", "")
        #expect(text(writer) == "*3\r\n$3\r\nSET\r\n$7\r\ngröße\r\n$0\r\n\r\n")
        #expect(writer.commands == 1)
        #expect(writer.count == writer.bytes.count)
    }

    @Test func `Arguments of all types are encoded alike`() {
        var writer = RESPWriter(capacity: 0)
        writer.begin(arguments: 5)
        writer.add("HSET" as StaticString)
        writer.add("key" as String)
        [UInt8](arrayLiteral: 0, 13, 10, 255).withUnsafeBytes { writer.add($0) }
        [UInt8]("lr".utf8).withUnsafeBytes { writer.add(prefix: "param.", $0) }
        writer.add(UnsafeRawBufferPointer(start: nil, count: 0))
        let expected = Array("*5\r\n$4\r\nHSET\r\n$3\r\nkey\r\n$4\r\n".utf8) + [0, 13, 10, 255]
        #expect(Array(writer.bytes) == expected + Array("\r\n$8\r\nparam.lr\r\n$0\r\n\r\n".utf8))
    }

    @Test(arguments: [
        0, 1, -1, 9, 10, 99, 100, -9, -10, 1_000_000_007, Int.max, Int.min, 999_999_999_999_999_999,
        1_000_000_000_000_000_000, -1_000_000_000_000_000_000,
    ])
    func `Integers are encoded in decimal`(number: Int) {
        var writer = RESPWriter()
        writer.add(number)
        #expect(text(writer) == "$\(String(number).count)\r\n\(number)\r\n")
    }

    @Test func `Unsigned and small integers are encoded in decimal`() {
        for number in [UInt64.max, UInt64.max - 1, 10_000_000_000_000_000_000, 9_999_999_999_999_999_999] {
            var writer = RESPWriter()
            writer.add(number)
            #expect(text(writer) == "$\(String(number).count)\r\n\(number)\r\n")
        }
        var writer = RESPWriter()
        writer.add(Int8.min)
        writer.add(UInt8.max)
        #expect(text(writer) == "$4\r\n-128\r\n$3\r\n255\r\n")
    }

    @Test func `The buffer of a writer grows as needed and keeps its content`() {
        var writer = RESPWriter(capacity: 1)
        var expected: [UInt8] = []
        for size in [0, 1, 31, 32, 33, 63, 64, 65, 1_000, 100_000, 7, 5_000_000] {
            let value = [UInt8](repeating: UInt8(size % 251), count: size)
            writer.begin(arguments: 1)
            value.withUnsafeBytes { writer.add($0) }
            expected += Array("*1\r\n$\(size)\r\n".utf8) + value + [13, 10]
        }
        #expect(writer.bytes.elementsEqual(expected))
        #expect(writer.commands == 12)
    }

    @Test(arguments: 0...300)
    func `Commands of every length around the buffer's capacity are complete`(size: Int) {
        var writer = RESPWriter(capacity: 64)
        writer.command("A", String(repeating: "x", count: size), "b")
        writer.begin(arguments: 1)
        writer.add(size)
        let value = String(repeating: "x", count: size)
        #expect(
            text(writer)
                == "*3\r\n$1\r\nA\r\n$\(size)\r\n\(value)\r\n$1\r\nb\r\n*1\r\n$\("\(size)".count)\r\n\(size)\r\n")
    }

    @Test func `A writer is reusable after its commands were removed, whether its memory was kept or freed`() {
        var writer = RESPWriter()
        for limit in [1 << 20, 100, 1] {
            writer.command("SET", String(repeating: "x", count: 10_000))
            writer.removeAll(keepingAtMost: limit)
            #expect(writer.count == 0 && writer.commands == 0 && writer.bytes.isEmpty)
            writer.command("PING")
            #expect(text(writer) == "*1\r\n$4\r\nPING\r\n")
            writer.removeAll()
        }
    }
}
