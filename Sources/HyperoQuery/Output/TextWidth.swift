/// How many columns a terminal gives the text. What the text holds that cannot be seen was made visible before.
func textWidth(_ text: String) -> Int {
    if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
    return text.reduce(0) { $0 + characterWidth($1) }
}

/// The text cut to a number of columns, with the ellipsis as its last.
func cut(_ text: String, to width: Int, ellipsis: String) -> String {
    guard textWidth(text) > width else { return text }
    var result = ""
    var used = 1
    for character in text {
        used += characterWidth(character)
        guard used <= width else { break }
        result.append(character)
    }
    return result + ellipsis
}

/// 0, 1 or 2, after Unicode's East Asian Width: <https://www.unicode.org/reports/tr11/>.
private func characterWidth(_ character: Character) -> Int {
    character.unicodeScalars.reduce(0) { max($0, scalarWidth($1)) }
}

private func scalarWidth(_ scalar: Unicode.Scalar) -> Int {
    switch scalar.value {
    case 0x20..<0x7F: return 1
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x4DBF, 0x4E00...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF,
        0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
        return 2
    default:
        if scalar.properties.isEmojiPresentation { return 2 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: return 1
        }
    }
}
