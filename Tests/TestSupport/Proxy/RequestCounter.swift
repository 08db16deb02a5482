/// Counts the commands in a stream of RESP bytes, however the stream is cut into pieces.
///
/// A command is `*<n>`, followed by n times `$<length>` and that many bytes. Every line ends with CR LF.
struct RequestCounter {
    private var line: [UInt8] = []
    /// The bytes of the current value, including its CR LF, that have not arrived yet.
    private var remainingValue = 0
    /// True if the current value may be the name of a command: it is the first of its array.
    private var isFirstValue = false
    /// The bytes of the current value, if it may be the name of a command.
    private var name: [UInt8] = []
    /// True once a command has begun.
    private(set) var hasCommand = false
    /// The number of EXEC commands that have arrived whole.
    private(set) var transactions = 0

    /// Parses the next bytes.
    ///
    /// - Returns: the number of commands that begin in these bytes.
    mutating func count(_ bytes: ArraySlice<UInt8>) -> Int {
        var commands = 0
        var remaining = bytes
        while let first = remaining.first {
            if remainingValue > 0 {
                let skipped = min(remainingValue, remaining.count)
                if isFirstValue { name += remaining.prefix(min(skipped, 16)) }
                remainingValue -= skipped
                if remainingValue == 0 { finishValue() }
                remaining = remaining.dropFirst(skipped)
                continue
            }
            remaining = remaining.dropFirst()
            guard first == UInt8(ascii: "\n") else {
                line.append(first)
                continue
            }
            if line.first == UInt8(ascii: "*") {
                commands += 1
                hasCommand = true
                isFirstValue = true
            }
            if line.first == UInt8(ascii: "$") {
                remainingValue = 2 + (Int(String(decoding: line.dropFirst().dropLast(), as: UTF8.self)) ?? 0)
            }
            line.removeAll(keepingCapacity: true)
        }
        return commands
    }

    private mutating func finishValue() {
        if isFirstValue, name == Array("EXEC\r\n".utf8) { transactions += 1 }
        isFirstValue = false
        name.removeAll(keepingCapacity: true)
    }
}
