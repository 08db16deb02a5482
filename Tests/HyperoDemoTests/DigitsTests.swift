import Testing

@testable import hypero_demo

@Suite("The digits")
struct DigitsTests {
    @Test("that come with the program are 1,797 of 64 pixels, and every label occurs")
    func bundled() throws {
        let digits = try Digits.bundled()
        #expect(digits.count == 1_797)
        #expect(digits.pixels.count == 1_797 * 64)
        #expect(digits.pixels.max() == 16)
        #expect(digits.pixels.min() == 0)
        #expect(Set(digits.labels) == Set(0...9))
    }

    @Test("become samples with pixels of 0...1 and the labels of their rows")
    func samples() throws {
        let digits = try Digits.bundled()
        let samples = digits.samples([5, 0])
        #expect(samples.count == 2)
        #expect(samples.labels == [5, 0])
        #expect(samples.inputs[64 + 2] == 5.0 / 16)
        #expect(samples.inputs.allSatisfy { (0...1).contains($0) })
    }

    @Test(
        "are refused with the place and the reason",
        arguments: [
            ("1,2,3", "line 1 of the digits has 3 fields, not 65"),
            (line(pixel: "17"), "line 1, field 1 of the digits is \"17\", not a number of 0...16"),
            (line(pixel: "-1"), "line 1, field 1 of the digits is \"-1\", not a number of 0...16"),
            (line(pixel: ""), "line 1, field 1 of the digits is \"\", not a number of 0...16"),
            (line(label: "10"), "line 1, field 65 of the digits is \"10\", not a number of 0...9"),
            (line() + "\n" + line(label: "x"), "line 2, field 65 of the digits is \"x\", not a number of 0...9"),
        ])
    func refused(csv: String, message: String) {
        #expect(throws: DigitsError(message)) { try Digits(csv: csv.utf8) }
    }

    @Test("may end with a newline or without", arguments: ["", "\n", "\n\n"])
    func end(newline: String) throws {
        #expect(try Digits(csv: (line() + newline).utf8).count == 1)
    }
}

private func line(pixel: String = "0", label: String = "7") -> String {
    ([pixel] + Array(repeating: "3", count: 63) + [label]).joined(separator: ",")
}
