import Foundation

/// The format of numbers in the tables.
enum NumberText {
    /// Returns three significant digits, or all digits of a whole number: `1.23e-05`, `0.0123`, `4.57`, `31`, `182,431`.
    static func text(of number: Double) -> String {
        guard number.isFinite else { return "\(number)" }
        let size = abs(number)
        if size >= 1_000 { return grouped(Int(number.rounded())) }
        if number == number.rounded() { return String(Int(number)) }
        if size < 0.001 { return String(format: "%.2e", number) }
        let decimals = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : 4
        return String(format: "%.\(decimals)f", number)
    }

    /// Returns a number with separators: `1,000,000`.
    static func grouped(_ number: Int) -> String {
        var text = ""
        for (index, digit) in String(number.magnitude).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (number < 0 ? "-" : "") + String(text.reversed())
    }
}
