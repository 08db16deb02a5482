/// Whether bytes are a number by JSON's grammar, and its value where that costs nothing.
///
/// Source of the grammar: RFC 8259, section 6.
enum JSONNumber: Equatable {
    /// The double nearest to the number: of at most 15 digits and a power of ten up to 22, which are exact in a double, so
    /// that one multiplication or division rounds right (Clinger 1990, "How to read floating point numbers accurately");
    /// and of at most 19 digits with up to 27 of them behind the point, by a division of integers.
    case exact(Double)
    /// A number whose nearest double takes more work.
    case decimal

    init?(_ bytes: some Collection<UInt8>) {
        var scan = Scan(bytes)
        let isNegative = scan.take(UInt8(ascii: "-"))
        let leading = scan.digits()
        guard leading.count > 0, leading.count == 1 || !leading.startsWithZero else { return nil }
        var mantissa = leading.value
        var digits = leading.count
        var scale = 0
        if scan.take(UInt8(ascii: ".")) {
            let fraction = scan.digits(after: mantissa)
            guard fraction.count > 0 else { return nil }
            mantissa = fraction.value
            digits += fraction.count
            scale = -fraction.count
        }
        if scan.take(UInt8(ascii: "e")) || scan.take(UInt8(ascii: "E")) {
            let isSmall = scan.take(UInt8(ascii: "-"))
            if !isSmall { _ = scan.take(UInt8(ascii: "+")) }
            let exponent = scan.digits()
            guard exponent.count > 0 else { return nil }
            let power = exponent.count > 5 ? 99_999 : Int(exponent.value)
            scale += isSmall ? -power : power
        }
        guard scan.isAtEnd else { return nil }
        let magnitude: Double
        if digits <= 15, (-22...22).contains(scale) {
            magnitude =
                scale < 0 ? Double(mantissa) / Self.powersOfTen[-scale] : Double(mantissa) * Self.powersOfTen[scale]
        } else if digits <= 19, (-27...0).contains(scale) {
            magnitude = Self.quotient(mantissa, ofTenTo: -scale)
        } else {
            self = .decimal
            return
        }
        self = .exact(isNegative ? -magnitude : magnitude)
    }

    /// The double nearest to a fraction m / 10^k, by integers: m · 2^s / 5^k with a shift s that gives the quotient 64
    /// bits or a little less, the last of which is set when the division leaves a remainder. Those bits round to a
    /// double's 53 as the fraction itself would.
    ///
    /// - Parameter k: 0 to 27, so that 5^k fits into 64 bits.
    private static func quotient(_ m: UInt64, ofTenTo k: Int) -> Double {
        guard m != 0 else { return 0 }
        let divisor = powersOfFive[k]
        // Both with their highest bit set, and the dividend halved: then the quotient fits, and has 63 or 64 bits.
        let up = m.leadingZeroBitCount
        let dividend = m << UInt64(up)
        let down = divisor.leadingZeroBitCount
        let division = (divisor << UInt64(down)).dividingFullWidth((dividend >> 1, dividend << 63))
        let bits = division.quotient | (division.remainder == 0 ? 0 : 1)
        // A power of two from -153 on, by its bits.
        return Double(bits) * Double(bitPattern: UInt64(1_023 + down - up - 63 - k) << 52)
    }

    private static let powersOfFive: [UInt64] = (0...27).map { k in (0..<k).reduce(1) { power, _ in power * 5 } }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]
}

private struct Scan<Source: Collection<UInt8>> {
    let source: Source
    var position: Source.Index

    init(_ source: Source) {
        self.source = source
        position = source.startIndex
    }

    var isAtEnd: Bool { position == source.endIndex }

    mutating func take(_ byte: UInt8) -> Bool {
        guard !isAtEnd, source[position] == byte else { return false }
        source.formIndex(after: &position)
        return true
    }

    /// A run of digits; its value wraps when there are more than the caller will use.
    mutating func digits(after start: UInt64 = 0) -> (value: UInt64, count: Int, startsWithZero: Bool) {
        var value = start
        var count = 0
        let startsWithZero = !isAtEnd && source[position] == UInt8(ascii: "0")
        while !isAtEnd, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(source[position]) {
            value = value &* 10 &+ UInt64(source[position] &- UInt8(ascii: "0"))
            count += 1
            source.formIndex(after: &position)
        }
        return (value, count, startsWithZero)
    }
}
