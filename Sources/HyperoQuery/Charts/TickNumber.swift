/// The number of a tick: `mantissa * 10^exponent`, exactly as its text.
///
/// A product of doubles such as `3 * 0.1` would be 0.30000000000000004. The double of a tick is the nearest one to its text
/// instead, so that each language computes the same ticks.
package struct TickNumber: Sendable, Hashable {
    package let mantissa: Int
    package let exponent: Int

    /// Removes the zeros at the end of the mantissa.
    package init(mantissa: Int, exponent: Int) {
        var (mantissa, exponent) = (mantissa, exponent)
        if mantissa == 0 { exponent = 0 }
        while mantissa != 0, mantissa % 10 == 0 {
            mantissa /= 10
            exponent += 1
        }
        self.mantissa = mantissa
        self.exponent = exponent
    }

    /// The nearest double; infinite beyond the range of a double.
    package var value: Double { Double("\(mantissa)e\(exponent)") ?? .nan }

    /// The number of digits after the decimal point.
    private var decimals: Int { max(0, -exponent) }

    /// The length from which a text without an exponent is not shorter than any text with one.
    private static let maxPlainLength = 24
    /// The lengths up to which the texts of ticks have no exponent: `0.0025`, `100000`.
    private static let plainLength = 6
    private static let plainLengthOnLogAxis = 5

    /// Returns the text without an exponent; nil if it would be longer than any text with one.
    ///
    /// - Parameter decimals: the number of digits after the decimal point, at least those of the number.
    private func plainText(decimals: Int) -> String? {
        let digits = String(mantissa.magnitude)
        let zeros = exponent + decimals
        guard digits.utf8.count + max(zeros, 0) <= Self.maxPlainLength, decimals <= Self.maxPlainLength else {
            return nil
        }
        var text = digits + String(repeating: "0", count: max(zeros, 0))
        if decimals > 0 {
            text = String(repeating: "0", count: max(0, decimals + 1 - text.utf8.count)) + text
            text = text.dropLast(decimals) + "." + text.suffix(decimals)
        }
        return (mantissa < 0 ? "-" : "") + text
    }

    /// The text with an exponent: `2.5e-4`. Zero is `0`.
    private var exponentText: String {
        guard mantissa != 0 else { return "0" }
        let digits = String(mantissa.magnitude)
        let fraction = digits.dropFirst()
        return (mantissa < 0 ? "-" : "") + digits.prefix(1) + (fraction.isEmpty ? "" : "." + fraction)
            + "e\(exponent + fraction.utf8.count)"
    }

    /// Returns the texts of the ticks of a linear axis: all with the same number of decimals, or all with an exponent if that
    /// is shorter and the others have more than 6 characters.
    package static func texts(of ticks: [TickNumber]) -> [String] {
        let decimals = ticks.reduce(0) { max($0, $1.decimals) }
        let plain = ticks.compactMap { $0.plainText(decimals: decimals) }
        let short = ticks.map(\.exponentText)
        func length(_ texts: [String]) -> Int {
            texts.reduce(0) { max($0, $1.utf8.count - ($1.hasPrefix("-") ? 1 : 0)) }
        }
        guard plain.count == ticks.count, length(plain) <= max(plainLength, length(short)) else { return short }
        return plain
    }

    /// Returns the texts of the ticks of a log axis, each as short as possible: `1e-4`, `0.001`, `0.2`, `10`.
    package static func textsOnLogAxis(of ticks: [TickNumber]) -> [String] {
        ticks.map { tick in
            guard let plain = tick.plainText(decimals: tick.decimals),
                plain.utf8.count <= max(plainLengthOnLogAxis, tick.exponentText.utf8.count)
            else { return tick.exponentText }
            return plain
        }
    }
}
