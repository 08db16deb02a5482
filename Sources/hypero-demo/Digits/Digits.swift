import CDigits

/// The handwritten digits of the demo: images of 8 by 8 pixels with values 0...16, and a label 0...9 for each image.
///
/// Source: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, 1998,
/// CC BY 4.0.
struct Digits: Sendable {
    static let pixelsPerDigit = 64
    static let classes = 10
    static let maximumPixel: UInt8 = 16

    /// The digits of digits.csv, which is embedded in the program.
    static let embedded: Digits = {
        do {
            return try Digits(csv: UnsafeBufferPointer(start: digits_csv(), count: digits_csv_size()))
        } catch {
            fatalError("hypero-demo: the embedded digits are invalid: \(error)")
        }
    }()

    /// The source and license of the embedded digits. The license requires that every copy includes them.
    static var attribution: String {
        var text = String(cString: digits_license())
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }

    /// `pixelsPerDigit` values per digit, row by row.
    let pixels: [UInt8]
    let labels: [UInt8]

    var count: Int { labels.count }

    /// Parses CSV without a header: per line one digit, its 64 pixels followed by its label.
    init(csv: some Sequence<UInt8>) throws(DigitsError) {
        var pixels: [UInt8] = []
        var labels: [UInt8] = []
        let lines = Array(csv).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() where !line.isEmpty {
            let fields = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
            guard fields.count == Self.pixelsPerDigit + 1 else {
                throw DigitsError("line \(index + 1) must have 65 fields, not \(fields.count)")
            }
            for (column, field) in fields.enumerated() {
                let isLabel = column == Self.pixelsPerDigit
                let maximum = isLabel ? UInt8(Self.classes - 1) : Self.maximumPixel
                let text = String(decoding: field, as: UTF8.self)
                guard let value = UInt8(text), value <= maximum else {
                    throw DigitsError(
                        "line \(index + 1), field \(column + 1) must be a number between 0 and \(maximum), not \"\(text)\""
                    )
                }
                if isLabel { labels.append(value) } else { pixels.append(value) }
            }
        }
        self.pixels = pixels
        self.labels = labels
    }

    /// Returns the digits with the given indices, with pixels scaled to 0...1.
    func samples(_ indices: some Collection<Int>) -> Samples {
        var inputs: [Double] = []
        inputs.reserveCapacity(indices.count * Self.pixelsPerDigit)
        for index in indices {
            let start = index * Self.pixelsPerDigit
            for pixel in pixels[start..<start + Self.pixelsPerDigit] {
                inputs.append(Double(pixel) / Double(Self.maximumPixel))
            }
        }
        return Samples(width: Self.pixelsPerDigit, inputs: inputs, labels: indices.map { Int(labels[$0]) })
    }
}

/// A syntax error in the CSV of the digits.
struct DigitsError: Error, CustomStringConvertible, Equatable {
    /// The line and field, and the reason.
    let description: String

    init(_ description: String) { self.description = description }
}
