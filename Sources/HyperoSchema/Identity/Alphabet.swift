/// Whether every byte is one of `a-z 0-9 -`, or a dot where that is allowed, and there are 1 to `limit` of them.
func isIdentifier(_ text: String, upTo limit: Int, orDot: Bool = false) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
        guard (1...limit).contains(bytes.count) else { return false }
        for byte in bytes {
            let isAllowed =
                isLowerAlphanumeric(byte) || byte == UInt8(ascii: "-") || orDot && byte == UInt8(ascii: ".")
            guard isAllowed else { return false }
        }
        return true
    }
}

/// Whether the byte is one of `a-z 0-9`.
func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: false
    }
}
