/// A type whose values can be recorded as a hyper-parameter or metadata: integers, floating point numbers, text, Booleans,
/// and optionals and arrays of these.
///
///     experiment.insertHP("bs", 64)
///     experiment.insertHP("layers", [128, 64])
public protocol ValueConvertible {
    /// The value to record.
    var hyperoValue: Value { get }
}

extension Value: ValueConvertible {
    /// The value itself.
    public var hyperoValue: Value { self }
}

extension Bool: ValueConvertible {
    /// `true` or `false`.
    public var hyperoValue: Value { .bool(self) }
}

extension String: ValueConvertible {
    /// The text.
    public var hyperoValue: Value { .string(self) }
}

extension Substring: ValueConvertible {
    /// The text.
    public var hyperoValue: Value { .string(String(self)) }
}

extension Double: ValueConvertible {
    /// The number.
    public var hyperoValue: Value { .number(self) }
}

extension Float: ValueConvertible {
    /// The shortest decimal that reads back to this Float: 0.1 stays 0.1 instead of 0.10000000149011612.
    public var hyperoValue: Value { .number(Double(description) ?? Double(self)) }
}

extension Optional: ValueConvertible where Wrapped: ValueConvertible {
    /// The value, or null.
    public var hyperoValue: Value { self?.hyperoValue ?? .null }
}

extension Array: ValueConvertible where Element: ValueConvertible {
    /// The values in order.
    public var hyperoValue: Value { .array(map(\.hyperoValue)) }
}

extension ValueConvertible where Self: BinaryInteger {
    /// The integer, with all its digits.
    public var hyperoValue: Value { Int(exactly: self).map(Value.integer) ?? .largeInteger(String(self)) }
}

extension Int: ValueConvertible {}
extension Int8: ValueConvertible {}
extension Int16: ValueConvertible {}
extension Int32: ValueConvertible {}
extension Int64: ValueConvertible {}
extension UInt: ValueConvertible {}
extension UInt8: ValueConvertible {}
extension UInt16: ValueConvertible {}
extension UInt32: ValueConvertible {}
extension UInt64: ValueConvertible {}
