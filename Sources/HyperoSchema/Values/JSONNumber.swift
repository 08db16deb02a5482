/// A number in the grammar of JSON, with its value if that is cheap to compute.
///
/// Source of the grammar: RFC 8259, section 6.
enum JSONNumber: Equatable {
    /// The double nearest to the number, for two forms:
    /// - At most 15 digits and a power of ten up to 22. Both are exact in a double, so one multiplication or division
    ///   rounds correctly (Clinger 1990, "How to read floating point numbers accurately").
    /// - At most 19 digits, up to 27 decimal places, by a division of integers.
    case exact(Double)
    /// A number in any other form. The caller computes the nearest double.
    case decimal

    /// Parses bytes; nil if they are not a number as a whole.
    init?(_ bytes: some Collection<UInt8>) {
        var scanner = ByteScanner(bytes)
        let isNegative = scanner.skip(UInt8(ascii: "-"))
        let leading = scanner.digits()
        guard leading.count > 0, leading.count == 1 || !leading.startsWithZero else { return nil }
        var mantissa = leading.value
        var digits = leading.count
        var scale = 0
        if scanner.skip(UInt8(ascii: ".")) {
            let fraction = scanner.digits(after: mantissa)
            guard fraction.count > 0 else { return nil }
            mantissa = fraction.value
            digits += fraction.count
            scale = -fraction.count
        }
        if scanner.skip(UInt8(ascii: "e")) || scanner.skip(UInt8(ascii: "E")) {
            let hasNegativeExponent = scanner.skip(UInt8(ascii: "-"))
            if !hasNegativeExponent { _ = scanner.skip(UInt8(ascii: "+")) }
            let exponent = scanner.digits()
            guard exponent.count > 0 else { return nil }
            let power = exponent.count > 5 ? 99_999 : Int(exponent.value)
            scale += hasNegativeExponent ? -power : power
        }
        guard scanner.isAtEnd else { return nil }
        let magnitude: Double
        if digits <= 15, (-22...22).contains(scale) {
            magnitude =
                scale < 0 ? Double(mantissa) / Self.powersOfTen[-scale] : Double(mantissa) * Self.powersOfTen[scale]
        } else if digits <= 19, (-27...0).contains(scale) {
            magnitude = Self.quotient(mantissa, dividedByTenTo: -scale)
        } else {
            self = .decimal
            return
        }
        self = .exact(isNegative ? -magnitude : magnitude)
    }

    /// Returns the double nearest to the fraction m / 10^k, computed with integers.
    ///
    /// Divides m · 2^s by 5^k, with a shift s that gives the quotient 63 or 64 bits. The lowest bit is set if there is a
    /// remainder, so the quotient rounds to the 53 bits of a double as the exact fraction would.
    ///
    /// - Parameter k: 0 to 27, so that 5^k fits into 64 bits.
    private static func quotient(_ m: UInt64, dividedByTenTo k: Int) -> Double {
        guard m != 0 else { return 0 }
        let divisor = powersOfFive[k]
        // Shift both to set the highest bit, and halve the dividend: the quotient then has 63 or 64 bits.
        let dividendShift = m.leadingZeroBitCount
        let dividend = m << UInt64(dividendShift)
        let divisorShift = divisor.leadingZeroBitCount
        let division = (divisor << UInt64(divisorShift)).dividingFullWidth((dividend >> 1, dividend << 63))
        let bits = division.quotient | (division.remainder == 0 ? 0 : 1)
        // 2^(divisorShift - dividendShift - 63 - k), made from its bits. The exponent is at least -153.
        let exponent = divisorShift - dividendShift - 63 - k
        return Double(bits) * Double(bitPattern: UInt64(1_023 + exponent) << 52)
    }

    private static let powersOfFive: [UInt64] = (0...27).map { k in (0..<k).reduce(1) { power, _ in power * 5 } }

    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
        1e20, 1e21, 1e22,
    ]
}

/// A reader of a number, byte by byte.
private struct ByteScanner<Source: Collection<UInt8>> {
    let source: Source
    var position: Source.Index

    init(_ source: Source) {
        self.source = source
        position = source.startIndex
    }

    var isAtEnd: Bool { position == source.endIndex }

    /// Skips a byte if it is next.
    mutating func skip(_ byte: UInt8) -> Bool {
        guard !isAtEnd, source[position] == byte else { return false }
        source.formIndex(after: &position)
        return true
    }

    /// Reads a run of digits, and returns the number that they form after the digits of a start value.
    ///
    /// The value wraps above 64 bits. Callers then ignore it.
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
