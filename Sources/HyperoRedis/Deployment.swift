package import HyperoSchema

/// What all programs of a deployment must agree on, beside where Redis is: from the caller, else from the environment.
package enum Deployment {
    /// What keys start with: `HYPERO_NAMESPACE`, and `hypero` without it.
    package static func namespace(
        _ chosen: String?, environment: (String) -> String? = RedisURL.environment
    ) -> String {
        chosen ?? environment("HYPERO_NAMESPACE") ?? Keyspace.defaultNamespace
    }

    /// How many partitions there are: `HYPERO_PARTITIONS`, and 1 without it.
    ///
    /// - Throws: ``SchemaError`` when the variable is not a whole number.
    package static func partitions(
        _ chosen: Int?, environment: (String) -> String? = RedisURL.environment
    ) throws(SchemaError) -> Int {
        if let chosen { return chosen }
        guard let text = environment("HYPERO_PARTITIONS") else { return 1 }
        guard let partitions = Int(text) else {
            throw SchemaError("HYPERO_PARTITIONS is '\(printable(text))': give a whole number from 1 to 16384")
        }
        return partitions
    }
}
