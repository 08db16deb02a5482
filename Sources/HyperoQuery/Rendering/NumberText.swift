import Glibc
import HyperoSchema

/// The least number of significant digits in tables.
private let minDigits = 6
/// The length up to which a number is not shortened.
private let shortLength = 8
/// The number of significant digits that tell any two doubles apart.
private let maxDigits = 17

/// Returns a number with six significant digits, or with all of them if that is shorter. JSON and CSV have all digits.
///
/// A whole number keeps all digits, and a fraction gets more of them until it is not shown as a whole number: an accuracy of
/// 0.9999999 is not shown as 1.
package func numberText(_ value: Double) -> String {
    numberText(value, minDigits: minDigits)
}

/// Returns the numbers of a column, each with six significant digits, or more where two different numbers would look alike.
func numberTexts(_ values: [Double]) -> [String] {
    var digits = values.map { _ in minDigits }
    var texts = values.map { numberText($0, minDigits: minDigits) }
    // The texts of one round that stand for different numbers get one more digit in the next round.
    while true {
        var first: [String: Double] = [:]
        var ambiguous: Set<String> = []
        for (text, value) in zip(texts, values) {
            if let other = first[text] {
                if other != value, !(other.isNaN && value.isNaN) { ambiguous.insert(text) }
            } else {
                first[text] = value
            }
        }
        guard !ambiguous.isEmpty else { return texts }
        for index in texts.indices where ambiguous.contains(texts[index]) {
            guard digits[index] < maxDigits else { return texts }
            digits[index] += 1
            texts[index] = numberText(values[index], minDigits: digits[index])
        }
    }
}

/// Returns the numbers of a column, each with at most some significant digits, also where different numbers then look alike.
///
/// A whole number keeps all digits up to its point: 12345.6 with two digits is 12346.
package func numberTexts(_ values: [Double], precision: Int) -> [String] {
    values.map { value in
        let short = Number.text(of: value)
        let isWhole = value.rounded() == value
        guard value.isFinite, !(isWhole && abs(value) < 1e15) else { return short }
        let rounded = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            String(cString: gcvt(value, Int32(precision), buffer.baseAddress!))
        }
        // gcvt writes an exponent if there are more digits before the point than requested.
        let hasExponent = rounded.utf8.contains(UInt8(ascii: "e"))
        if hasExponent, abs(value) >= 1, abs(value) < 1e15 { return Number.text(of: value.rounded()) }
        return rounded.utf8.count < short.utf8.count ? rounded : short
    }
}

/// The allowed numbers of significant digits.
package let allowedPrecisions = 1...maxDigits

/// Returns the texts of the numbers of a column as the other function of this name does, but whole numbers with all digits as
/// stored: a double has not all of them above 2^53. A short number with an exponent is shown as it was written too.
///
/// - Parameter precision: the number of significant digits of all other numbers; nil for six, or more where needed.
func numberTexts(_ numbers: [Number?], precision: Int? = nil) -> [String?] {
    let values = numbers.map { $0?.value ?? .nan }
    let texts = precision.map { numberTexts(values, precision: $0) } ?? numberTexts(values)
    return zip(numbers, texts).map { number, shortened in
        number.map { isShownAsWritten($0.text) && (precision == nil || isWholeNumber($0.text)) ? $0.text : shortened }
    }
}

/// Returns whether a table shows a number as it was written: all digits of a whole number, and a short one with an exponent,
/// which CSV and JSON write so too.
func isShownAsWritten(_ text: String) -> Bool {
    isWholeNumber(text) || text.utf8.count <= shortLength && text.utf8.contains { "eE".utf8.contains($0) }
}

/// Returns all digits of a number that is whole; nil if it is not, and if it is written with an exponent or a fraction and is too
/// large to count.
func wholeText(of number: Number) -> String? {
    isWholeNumber(number.text) ? number.text : Int128(exactly: number.value).map { String($0) }
}

/// Returns whether a whole number of any size is less than another one, from their digits.
func isLess(_ left: String, than right: String) -> Bool {
    let isNegative = left.hasPrefix("-")
    guard isNegative == right.hasPrefix("-") else { return isNegative }
    let (low, high) = isNegative ? (right, left) : (left, right)
    // JSON has no leading zeros.
    guard low.utf8.count == high.utf8.count else { return low.utf8.count < high.utf8.count }
    return low.utf8.lexicographicallyPrecedes(high.utf8)
}

/// Returns whether a text is a whole number without fraction and exponent, of any size.
package func isWholeNumber(_ text: String) -> Bool {
    let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
    return !digits.isEmpty && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
}

private func numberText(_ value: Double, minDigits: Int) -> String {
    let short = Number.text(of: value)
    guard value.isFinite, short.utf8.count > shortLength else { return short }
    let isWhole = value.rounded() == value
    // Up to here a double represents every whole number, and its description has no exponent.
    if isWhole, abs(value) < 1e15 { return short }
    for digits in minDigits..<maxDigits {
        // gcvt formats like %.6g of printf, but needs no argument list of existential values.
        let rounded = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            String(cString: gcvt(value, Int32(digits), buffer.baseAddress!))
        }
        guard rounded.utf8.count < short.utf8.count else { return short }
        let hasExponent = rounded.utf8.contains(UInt8(ascii: "e"))
        // gcvt writes an exponent if there are more digits before the point than requested.
        if hasExponent, !isWhole, abs(value) >= 1, !short.utf8.contains(UInt8(ascii: "e")) { continue }
        let looksWhole = !hasExponent && !rounded.utf8.contains(UInt8(ascii: "."))
        if isWhole || !looksWhole { return rounded }
    }
    return short
}

/// Returns whether a text is a number of a curve or of JSON, of any size.
func isNumber(_ text: String) -> Bool { Number(text: text) != nil }
