import HyperoSchema
import Testing
import TestSupport

struct NumberTests {
    private func number(_ text: String) -> Number? {
        Array(text.utf8).withUnsafeBufferPointer { Number($0) }
    }

    @Test(
        arguments: [
            ("0", 0), ("-0", -0.0), ("1e308", 1e308), ("1.7976931348623157e308", .greatestFiniteMagnitude),
            ("-1.7976931348623157e308", -.greatestFiniteMagnitude),
            ("1.7976931348623158e308", .greatestFiniteMagnitude),
            ("5e-324", .leastNonzeroMagnitude), ("2.2250738585072014e-308", .leastNormalMagnitude), ("1e-400", 0),
            ("9007199254740993", 9_007_199_254_740_992), ("0.1", 0.1), ("0.30000000000000004", 0.1 + 0.2),
            ("1e22", 1e22),
            ("1e23", 1e23), ("999999999999999e22", 999_999_999_999_999e22),
            ("123456789012345e-22", 123_456_789_012_345e-22),
            ("0.00000000000000000000000000001", 1e-29), ("1e0000000000000000000001", 10), ("0e99999", 0),
            ("-0.0e-3", -0.0),
            ("inf", .infinity), ("-inf", -.infinity),
        ] as [(String, Double)])
    func `A number is the double nearest to its text, and keeps the text`(text: String, value: Double) {
        #expect(number(text)?.value.bitPattern == value.bitPattern)
        #expect(number(text)?.text == text)
    }

    @Test func `A number with a text of more than 31 bytes gets the shortest text`() {
        #expect(number("0.000000000000000000000000000000001")?.text == "1e-33")
        #expect(number("0." + String(repeating: "3", count: 40))?.text == "0.3333333333333333")
    }

    @Test func `The names of other languages for numbers that are not finite get the text of the contract`() {
        #expect(number("NaN")?.text == "nan")
        #expect(number("Infinity")?.text == "inf")
        #expect(number("-Infinity")?.text == "-inf")
        #expect(number("NAN") == nil && number("+Infinity") == nil)
    }

    @Test func `Numbers are equal if their texts are, including nan`() {
        #expect(number("nan") == number("nan"))
        #expect(number("1") != number("1.0"))
    }

    @Test(
        arguments: [
            0, -0.0, 1, -1, 0.1, 1e15, 1e16, 1e-5, .pi, .greatestFiniteMagnitude, .leastNonzeroMagnitude, .infinity,
            -.infinity, 9_007_199_254_740_992,
        ] as [Double])
    func `A double's text reads back to the same double`(value: Double) {
        #expect(number(Number(value).text)?.value.bitPattern == value.bitPattern)
    }

    @Test func `Whole numbers have no decimal point, and every nan has the same text`() {
        #expect(Number(5).text == "5")
        #expect(Number(-0.0).text == "-0")
        #expect(Number(1e16).text == "1e+16")
        #expect(Number(-Double.nan).text == "nan")
        #expect(Number(.signalingNaN).text == "nan")
        #expect(number("nan")?.value.isNaN == true)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `Random decimals are parsed as by the standard library, bit for bit`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let text = decimal(&random)
            guard let expected = Double(text) else { throw TestFailure("the system cannot read \(text)") }
            let read = number(text)?.value
            guard read?.bitPattern != (expected.isFinite ? expected.bitPattern : nil) else { continue }
            Issue.record("\(text) is read as \(String(describing: read))")
        }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `Random doubles are written and read back`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<2_000 {
            let value = Double(bitPattern: random.next())
            guard !value.isNaN else { continue }
            guard number(Number(value).text)?.value.bitPattern != value.bitPattern else { continue }
            Issue.record("\(value) does not read back")
        }
    }

    /// Returns a random decimal whose length, leading zeros and exponent are around the bounds of the fast path.
    private func decimal(_ random: inout SeededGenerator) -> String {
        func digits(_ count: Int) -> String {
            String((0..<count).map { _ in Character(String(Int.random(in: 0...9, using: &random))) })
        }
        let count = Int.random(in: 1...19, using: &random)
        var text = random.chance(50) ? "-" : ""
        text += count == 1 ? digits(1) : String(Int.random(in: 1...9, using: &random)) + digits(count - 1)
        if random.chance(60) {
            let zeros = random.chance(30) ? Int.random(in: 0...20, using: &random) : 0
            text += "." + String(repeating: "0", count: zeros) + digits(Int.random(in: 1...18, using: &random))
        }
        if random.chance(60) {
            let spread = random.chance(80) ? 25 : 330
            text += random.pick(["e", "E"]) + random.pick(["", "+", "-"])
            text += String(Int.random(in: 0...spread, using: &random))
        }
        return text
    }
}
