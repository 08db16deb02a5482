/// Bytes in memory of the caller, valid for the duration of a call.
package typealias Bytes = UnsafeBufferPointer<UInt8>

extension Bytes {
    /// The value of the bytes as a decimal number without sign and leading zeros; nil for other bytes and for numbers
    /// that exceed 64 bits.
    package var decimal: UInt64? {
        guard let first, count == 1 || first != UInt8(ascii: "0") else { return nil }
        var value: UInt64 = 0
        // 19 digits cannot overflow, and the checks would cost as much as the rest.
        if count < 20 {
            for byte in self {
                let digit = UInt64(byte &- UInt8(ascii: "0"))
                guard digit < 10 else { return nil }
                value = value &* 10 &+ digit
            }
            return value
        }
        for byte in self {
            let digit = UInt64(byte &- UInt8(ascii: "0"))
            let (product, multiplicationOverflows) = value.multipliedReportingOverflow(by: 10)
            let (sum, additionOverflows) = product.addingReportingOverflow(digit)
            guard digit < 10, !multiplicationOverflows, !additionOverflows else { return nil }
            value = sum
        }
        return value
    }

    /// Returns whether both have the same bytes. Faster than `elementsEqual` for short field names.
    package func isEqual(to other: Self) -> Bool {
        guard count == other.count else { return false }
        for index in 0..<count where self[index] != other[index] { return false }
        return true
    }
}
