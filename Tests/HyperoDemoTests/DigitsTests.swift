import Testing

@testable import hypero_demo

@Suite struct DigitsTests {
    @Test func `The embedded digits are 1,797 images of 64 pixels with all ten labels`() {
        let digits = Digits.embedded
        #expect(digits.count == 1_797)
        #expect(digits.pixels.count == 1_797 * 64)
        #expect(digits.pixels.max() == 16)
        #expect(digits.pixels.min() == 0)
        #expect(Set(digits.labels) == Set(0...9))
    }

    @Test func `Samples have pixels from 0 to 1 and the labels of their digits`() {
        let digits = Digits.embedded
        let samples = digits.samples([5, 0])
        #expect(samples.count == 2)
        #expect(samples.labels == [5, 0])
        #expect(samples.inputs[64 + 2] == 5.0 / 16)
        #expect(samples.inputs.allSatisfy { (0...1).contains($0) })
    }

    @Test(
        arguments: [
            ("1,2,3", "line 1 must have 65 fields, not 3"),
            (line(pixel: "17"), "line 1, field 1 must be a number between 0 and 16, not \"17\""),
            (line(pixel: "-1"), "line 1, field 1 must be a number between 0 and 16, not \"-1\""),
            (line(pixel: ""), "line 1, field 1 must be a number between 0 and 16, not \"\""),
            (line(label: "10"), "line 1, field 65 must be a number between 0 and 9, not \"10\""),
            (line() + "\n" + line(label: "x"), "line 2, field 65 must be a number between 0 and 9, not \"x\""),
        ])
    func `Invalid CSV is rejected with the line, the field and the reason`(csv: String, message: String) {
        #expect(throws: DigitsError(message)) { try Digits(csv: csv.utf8) }
    }

    @Test(arguments: ["", "\n", "\n\n"])
    func `CSV of digits may end with or without newlines`(newline: String) throws {
        #expect(try Digits(csv: (line() + newline).utf8).count == 1)
    }
}

private func line(pixel: String = "0", label: String = "7") -> String {
    ([pixel] + Array(repeating: "3", count: 63) + [label]).joined(separator: ",")
}
