/// Counts the commands in a stream of them, however it is cut to pieces.
///
/// A command is `*<n>` and n times `$<length>` and so many bytes; every line ends with CR LF.
struct RequestCounter {
    private var line: [UInt8] = []
    /// Bytes of a value, with its CR LF, that are still to come.
    private var skipping = 0

    /// Takes the next bytes.
    ///
    /// - Returns: how many commands begin in them.
    mutating func take(_ bytes: ArraySlice<UInt8>) -> Int {
        var commands = 0
        var rest = bytes
        while let first = rest.first {
            if skipping > 0 {
                let passed = min(skipping, rest.count)
                skipping -= passed
                rest = rest.dropFirst(passed)
                continue
            }
            rest = rest.dropFirst()
            guard first == UInt8(ascii: "\n") else {
                line.append(first)
                continue
            }
            if line.first == UInt8(ascii: "*") { commands += 1 }
            if line.first == UInt8(ascii: "$") {
                skipping = 2 + (Int(String(decoding: line.dropFirst().dropLast(), as: UTF8.self)) ?? 0)
            }
            line.removeAll(keepingCapacity: true)
        }
        return commands
    }
}
