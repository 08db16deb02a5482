extension Keyspace {
    /// Returns the tags of partitions as patterns of ACL rules, each in the place of a tag.
    ///
    /// A namespace and the braces have no meaning in a pattern. The numbers of the partitions are exact: `*` would also match a part
    /// of another key, such as that of the ranking by a channel named `x}:events`.
    ///
    /// - Parameter partitions: the number of partitions; nil for any number, with `*` for the index.
    /// - Throws: ``SchemaError`` if an argument is out of bounds.
    package static func patterns(namespace: String, partitions: Int?) throws(SchemaError) -> [Keyspace] {
        guard let partitions else { return [try all(namespace: namespace)[0], pattern("*", namespace: namespace)] }
        guard try all(namespace: namespace, partitions: partitions).count > 1 else {
            return try all(namespace: namespace)
        }
        return numberPatterns(through: partitions - 1).map { pattern($0, namespace: namespace) }
    }

    /// Returns the patterns that match the decimal numbers from 0 to a number, and no other text: `[0-9]` and `1[0-5]` for 15.
    static func numberPatterns(through last: Int) -> [String] {
        let digits = String(last).utf8.map { Int($0) - 48 }
        let any = "[0-9]"
        func range(_ low: Int, _ high: Int) -> String { low == high ? "\(low)" : "[\(low)-\(high)]" }
        var patterns = (1..<digits.count).map { length in
            length == 1 ? any : "[1-9]" + String(repeating: any, count: length - 1)
        }
        for (index, digit) in digits.enumerated() {
            let low = index == 0 && digits.count > 1 ? 1 : 0
            let isLast = index == digits.count - 1
            let high = isLast ? digit : digit - 1
            guard low <= high else { continue }
            let prefix = digits[..<index].map(String.init).joined()
            patterns.append(prefix + range(low, high) + String(repeating: any, count: digits.count - 1 - index))
        }
        return patterns
    }
}
