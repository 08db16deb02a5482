extension Duration {
    /// Whole milliseconds, rounded down, as commands of Redis take them.
    var wholeMilliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
