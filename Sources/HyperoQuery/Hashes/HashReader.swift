import HyperoSchema

/// The fields of a hash by their types, with a warning for each that holds something else.
struct HashReader {
    let key: String
    let fields: [ExactText: String]
    private(set) var warnings: [String] = []

    init(key: String, _ fields: [(name: String, value: String)]) {
        self.key = key
        self.fields = Dictionary(fields.map { (ExactText($0.name), $0.value) }) { $1 }
    }

    mutating func integer(_ name: String) -> Int64? {
        read(name, "an integer") { Int64($0) }
    }

    mutating func number(_ name: String) -> Double? {
        read(name, "a number") { text in
            var text = text
            return text.withUTF8 { Number($0)?.value }
        }
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(_ name: String) -> Choice?
    where Choice.RawValue == String {
        read(name, "one of " + Choice.allCases.map(\.rawValue).joined(separator: ", "), Choice.init(rawValue:))
    }

    /// A field that must be there.
    mutating func required<Value>(
        _ name: String, _ read: (inout HashReader, String) -> Value?
    ) -> Value? {
        guard fields[name] != nil else {
            warnings.append("\(key) has no \(name)")
            return nil
        }
        return read(&self, name)
    }

    private mutating func read<Value>(
        _ name: String, _ what: @autoclosure () -> String, _ parse: (String) -> Value?
    ) -> Value? {
        guard let text = fields[name] else { return nil }
        if let value = parse(text) { return value }
        warnings.append("\(key): \(printable(name)) is '\(printable(text))' and not \(what())")
        return nil
    }
}
