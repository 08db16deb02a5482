import HyperoSchema
import Testing

@testable import HyperoQuery

/// `--precision`: significant digits of the numbers in a table.
@Suite struct PrecisionTests {
    @Test(
        arguments: [
            (0.123456789, 3, "0.123"), (0.123456789, 17, "0.123456789"), (0.98, 3, "0.98"), (0.9999, 3, "1"),
            // Digits before the point stay.
            (12345.6, 2, "12346"), (12345.6, 5, "12346"), (12345.6, 6, "12345.6"), (-99.96, 3, "-100"),
            (123456, 2, "123456"), (0, 1, "0"), (-0.0, 1, "-0"),
            (0.00012345, 2, "0.00012"), (1.2345e-10, 2, "1.2e-10"), (1.5e300, 3, "1.5e+300"),
            (1.2345e300, 2, "1.2e+300"),
            (.nan, 2, "nan"), (.infinity, 2, "inf"), (-.infinity, 2, "-inf"),
        ] as [(Double, Int, String)])
    func `A number is rounded to significant digits`(value: Double, precision: Int, text: String) {
        #expect(numberTexts([value], precision: precision) == [text])
    }

    @Test func `Whole numbers keep all digits as stored, and other numbers may look alike`() {
        let numbers = ["10451216379200822465", "0.98765", "0.98764", "1e-05"].map { Number(text: $0) } + [nil]
        #expect(numberTexts(numbers, precision: 2) == ["10451216379200822465", "0.99", "0.99", "1e-05", nil])
    }
}
