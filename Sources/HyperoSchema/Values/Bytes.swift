/// Bytes in memory of the caller, valid for the duration of a call.
package typealias Bytes = UnsafeBufferPointer<UInt8>

extension Bytes {
    /// The value of a decimal number without sign and without leading zeros; nil for any other bytes and above 64 bits.
    package var decimal: UInt64? {
        guard let first, count == 1 || first != UInt8(ascii: "0") else { return nil }
        var value: UInt64 = 0
        for byte in self {
            let digit = UInt64(byte &- UInt8(ascii: "0"))
            let (product, multiplicationOverflows) = value.multipliedReportingOverflow(by: 10)
            let (sum, additionOverflows) = product.addingReportingOverflow(digit)
            guard digit < 10, !multiplicationOverflows, !additionOverflows else { return nil }
            value = sum
        }
        return value
    }

    /// Returns whether the bytes are the same. Faster than `elementsEqual` for short field names.
    package func isEqual(to other: Self) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where self[index] != other[index] { return false }
        return true
    }
}
