/// Counts the commands in a stream of RESP bytes, however the stream is cut into pieces.
///
/// A command is `*<n>`, followed by n times `$<length>` and that many bytes. Every line ends with CR LF.
struct RequestCounter {
    private var line: [UInt8] = []
    /// The bytes of the current value, including its CR LF, that have not arrived yet.
    private var remainingValue = 0

    /// Parses the next bytes.
    ///
    /// - Returns: the number of commands that begin in these bytes.
    mutating func count(_ bytes: ArraySlice<UInt8>) -> Int {
        var commands = 0
        var remaining = bytes
        while let first = remaining.first {
            if remainingValue > 0 {
                let skipped = min(remainingValue, remaining.count)
                remainingValue -= skipped
                remaining = remaining.dropFirst(skipped)
                continue
            }
            remaining = remaining.dropFirst()
            guard first == UInt8(ascii: "\n") else {
                line.append(first)
                continue
            }
            if line.first == UInt8(ascii: "*") { commands += 1 }
            if line.first == UInt8(ascii: "$") {
                remainingValue = 2 + (Int(String(decoding: line.dropFirst().dropLast(), as: UTF8.self)) ?? 0)
            }
            line.removeAll(keepingCapacity: true)
        }
        return commands
    }
}
