import Glibc
import HyperoSchema

/// A number for people: six significant digits. JSON and CSV have all of them.
func numberText(_ value: Double) -> String {
    let short = Number.text(of: value)
    guard value.isFinite, short.utf8.count > 8 else { return short }
    let rounded = withVaList([value]) { arguments in
        var buffer = [CChar](repeating: 0, count: 64)
        vsnprintf(&buffer, buffer.count, "%.6g", arguments)
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
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
