import Foundation

/// The handwritten digits the demo learns to read: 8 by 8 pixels of 0...16 and a label of 0...9.
///
/// Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998,
/// CC BY 4.0; the attribution lies beside the file in the resources.
struct Digits: Sendable {
    static let pixelsPerDigit = 64
    static let classes = 10
    static let brightest: UInt8 = 16

    /// `pixelsPerDigit` values a digit, row after row.
    let pixels: [UInt8]
    let labels: [UInt8]

    var count: Int { labels.count }

    /// Reads the digits that come with the program.
    static func bundled() throws -> Digits {
        guard let url = Bundle.module.url(forResource: "digits", withExtension: "csv") else {
            throw DigitsError(
                "digits.csv is not in \(Bundle.module.bundlePath); build hypero-demo again, or copy the folder along "
                    + "with the program")
        }
        return try Digits(csv: Data(contentsOf: url))
    }

    /// Reads one digit a line: 64 pixels, then the label, separated by commas.
    init(csv: some Sequence<UInt8>) throws(DigitsError) {
        var pixels: [UInt8] = []
        var labels: [UInt8] = []
        let lines = Array(csv).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.isEmpty {
            let fields = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            guard fields.count == Self.pixelsPerDigit + 1 else {
                throw DigitsError("line \(index + 1) of the digits has \(fields.count) fields, not 65")
            }
            for (column, field) in fields.enumerated() {
                let isLabel = column == Self.pixelsPerDigit
                let highest = isLabel ? UInt8(Self.classes - 1) : Self.brightest
                let text = String(decoding: field, as: UTF8.self)
                guard let value = UInt8(text), value <= highest else {
                    throw DigitsError(
                        "line \(index + 1), field \(column + 1) of the digits is \"\(text)\", not a number of "
                            + "0...\(highest)")
                }
                if isLabel { labels.append(value) } else { pixels.append(value) }
            }
        }
        self.pixels = pixels
        self.labels = labels
    }

    /// The digits of the given rows, pixels scaled to 0...1.
    func samples(_ rows: some Collection<Int>) -> Samples {
        var inputs: [Double] = []
        inputs.reserveCapacity(rows.count * Self.pixelsPerDigit)
        for row in rows {
            let start = row * Self.pixelsPerDigit
            for pixel in pixels[start..<start + Self.pixelsPerDigit] {
                inputs.append(Double(pixel) / Double(Self.brightest))
            }
        }
        return Samples(width: Self.pixelsPerDigit, inputs: inputs, labels: rows.map { Int(labels[$0]) })
    }
}
