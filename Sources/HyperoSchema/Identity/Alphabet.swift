/// Whether every byte is one of `a-z 0-9` or one of the given others, and there are 1 to `limit` of them.
func isIdentifier(_ text: some Collection<UInt8>, upTo limit: Int, also others: UInt8...) -> Bool {
    guard (1...limit).contains(text.count) else { return false }
    return text.allSatisfy { isLowerAlphanumeric($0) || others.contains($0) }
}

/// Whether the byte is one of `a-z 0-9`.
func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    default: false
    }
}
