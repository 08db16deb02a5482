extension Bytes {
    /// The number that the bytes are, written as `0` or with digits that do not start with 0; nil for anything else.
    package var decimal: UInt64? {
        guard let first, count == 1 || first != UInt8(ascii: "0") else { return nil }
        var value: UInt64 = 0
        for byte in self {
            let digit = UInt64(byte &- UInt8(ascii: "0"))
            let (product, isTooMuch) = value.multipliedReportingOverflow(by: 10)
            let (sum, isStillTooMuch) = product.addingReportingOverflow(digit)
            guard digit < 10, !isTooMuch, !isStillTooMuch else { return nil }
            value = sum
        }
        return value
    }
}
