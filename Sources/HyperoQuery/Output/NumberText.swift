import Glibc
import HyperoSchema

/// A number for people: six significant digits. JSON and CSV have all of them.
func numberText(_ value: Double) -> String {
    let short = Number.text(of: value)
    guard value.isFinite, short.utf8.count > 8 else { return short }
    // printf's %.6g, without a list of arguments of any type.
    let rounded = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
        String(cString: gcvt(value, 6, buffer.baseAddress!))
    }
    return rounded.utf8.count < short.utf8.count ? rounded : short
}

/// A hyper-parameter or metadata for people: numbers shortened, text without the quotes of JSON.
func valueText(_ value: NamedValue) -> String {
    switch value.value {
    case .number(let number): numberText(number)
    case .string(let text): text
    default: value.text
    }
}

/// 1234567 bytes as 1.2 MB.
func bytesText(_ bytes: Int) -> String {
    var value = Double(bytes)
    for unit in ["bytes", "kB", "MB", "GB", "TB"] {
        if value < 1000 || unit == "TB" {
            guard unit != "bytes" else { return "\(bytes) bytes" }
            return value < 10 ? "\((value * 10).rounded() / 10) \(unit)" : "\(Int(value.rounded())) \(unit)"
        }
        value /= 1000
    }
    return "\(bytes) bytes"
}
