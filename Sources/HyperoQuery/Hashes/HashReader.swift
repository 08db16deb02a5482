import HyperoSchema

/// A reader of the typed fields of a hash. A malformed field is read as nil and adds a warning.
struct HashReader {
    /// The name of the hash in warnings: its key, or the experiment.
    private let source: String
    let fields: [ExactText: String]
    private(set) var warnings: [String] = []

    init(_ fields: [(name: String, value: String)], source: String) {
        self.source = source
        self.fields = Dictionary(fields.map { (ExactText($0.name), $0.value) }) { $1 }
    }

    /// Returns a decimal integer; nil if the field is absent or malformed.
    mutating func integer(_ name: String) -> Int64? {
        parse(name, expected: "an integer") { Int64($0) }
    }

    /// Returns a number, which may be nan or infinite; nil if the field is absent or malformed.
    mutating func number(_ name: String) -> Number? {
        parse(name, expected: "a number", with: Number.init(text:))
    }

    /// Returns a case of an enumeration; nil if the field is absent or unknown.
    mutating func choice<Choice: RawRepresentable & CaseIterable>(_ name: String) -> Choice?
    where Choice.RawValue == String {
        parse(
            name, expected: "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "),
            with: Choice.init(rawValue:))
    }

    /// Reads a field with one of the other functions. Returns nil and adds a warning if the field is absent.
    mutating func required<Value>(_ name: String, read: (inout HashReader, String) -> Value?) -> Value? {
        guard fields[name] != nil else {
            warnings.append("\(source): \(name) is missing")
            return nil
        }
        return read(&self, name)
    }

    private mutating func parse<Value>(
        _ name: String, expected: @autoclosure () -> String, with parse: (String) -> Value?
    ) -> Value? {
        guard let text = fields[name] else { return nil }
        if let value = parse(text) { return value }
        warnings.append("\(source): \(printable(name)) must be \(expected()), not '\(printable(text))'")
        return nil
    }
}
