/// The settings that all programs of a deployment must share, besides the address of Redis.
package enum Deployment {
    /// Returns the namespace: the chosen one, else the value of `HYPERO_NAMESPACE`, else `hypero`.
    ///
    /// - Parameters:
    ///   - chosen: the setting of the program; nil if it has none.
    ///   - environment: returns the value of an environment variable.
    package static func namespace(_ chosen: String?, environment: (String) -> String?) -> String {
        chosen ?? environment("HYPERO_NAMESPACE") ?? Keyspace.defaultNamespace
    }

    /// Returns the number of partitions: the chosen one, else the value of `HYPERO_PARTITIONS`, else 1.
    ///
    /// - Parameters:
    ///   - chosen: the setting of the program; nil if it has none.
    ///   - environment: returns the value of an environment variable.
    /// - Throws: ``SchemaError`` if the variable is not a whole number.
    package static func partitions(_ chosen: Int?, environment: (String) -> String?) throws(SchemaError) -> Int {
        if let chosen { return chosen }
        guard let text = environment("HYPERO_PARTITIONS") else { return 1 }
        guard let partitions = Int(text) else {
            throw SchemaError("HYPERO_PARTITIONS must be a whole number from 1 to 16384, not '\(printable(text))'")
        }
        return partitions
    }

    /// Returns the memory of the dead letters of a partition in MiB: the chosen number, else the value of
    /// `HYPERO_DEAD_LIMIT`, else 64.
    ///
    /// - Parameters:
    ///   - chosen: the setting of the program in MiB; nil if it has none.
    ///   - environment: returns the value of an environment variable.
    /// - Throws: ``SchemaError`` if the variable is not a number from 1 to 1048576.
    package static func deadLimit(_ chosen: Int?, environment: (String) -> String?) throws(SchemaError) -> Int {
        if let chosen { return chosen }
        guard let text = environment("HYPERO_DEAD_LIMIT") else { return Limits.deadLetterBytes >> 20 }
        guard let limit = Int(text), deadLimits.contains(limit) else {
            throw SchemaError(
                "HYPERO_DEAD_LIMIT must be a whole number of MiB from 1 to 1048576, not '\(printable(text))'")
        }
        return limit
    }

    /// The possible limits of the memory of dead letters, in MiB.
    package static let deadLimits = 1...1_048_576
}
