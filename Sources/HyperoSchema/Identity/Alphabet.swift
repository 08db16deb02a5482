/// Returns whether the text has 1 to `maxLength` bytes of `a-z 0-9 -`, or dots if they are allowed.
func isIdentifier(_ text: String, maxLength: Int, allowsDots: Bool = false) -> Bool {
    var text = text
    return text.withUTF8 { isIdentifier($0, maxLength: maxLength, allowsDots: allowsDots) }
}

/// Returns whether the bytes are 1 to `maxLength` of `a-z 0-9 -`, or dots if they are allowed.
func isIdentifier(_ bytes: Bytes, maxLength: Int, allowsDots: Bool = false) -> Bool {
    guard (1...maxLength).contains(bytes.count) else { return false }
    for byte in bytes {
        let isAllowed =
            isLowerAlphanumeric(byte) || byte == UInt8(ascii: "-") || allowsDots && byte == UInt8(ascii: ".")
        guard isAllowed else { return false }
    }
    return true
}

/// Returns whether the byte is in `a-z 0-9`.
func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: false
    }
}
