import Glibc
import HyperoSchema

/// The channels of one row with their values, in memory of the caller of a log call.
protocol ChannelRow {
    /// The number of channels.
    var count: Int { get }

    /// Calls a function with the bytes of a channel's name.
    func withChannel<Result>(at index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result

    /// Returns the value of a channel.
    func value(at index: Int) -> Double
}

/// A row of Swift texts.
struct NamedRow: ChannelRow {
    private let cells: UnsafeBufferPointer<(key: String, value: Double)>

    init(_ cells: UnsafeBufferPointer<(key: String, value: Double)>) {
        self.cells = cells
    }

    var count: Int { cells.count }

    @inline(__always)
    func withChannel<Result>(at index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        var name = cells[index].key
        return name.withUTF8(body)
    }

    func value(at index: Int) -> Double { cells[index].value }
}

/// A row of C strings.
package struct CStringRow: ChannelRow {
    private let channels: UnsafePointer<UnsafePointer<CChar>?>
    private let values: UnsafePointer<Double>
    package let count: Int

    /// - Parameters:
    ///   - channels: the names, `count` pointers to text that ends with a 0.
    ///   - values: the `count` values.
    package init(
        channels: UnsafePointer<UnsafePointer<CChar>?>, values: UnsafePointer<Double>, count: Int
    ) {
        self.channels = channels
        self.values = values
        self.count = count
    }

    /// Calls a function with the bytes of a channel's name, which are none for a null pointer.
    func withChannel<Result>(at index: Int, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        guard let name = channels[index] else { return body(UnsafeBufferPointer(start: nil, count: 0)) }
        // The text is read up to one byte beyond the limit.
        let count = strnlen(name, Limits.name + 1)
        return name.withMemoryRebound(to: UInt8.self, capacity: count) {
            body(UnsafeBufferPointer(start: $0, count: count))
        }
    }

    func value(at index: Int) -> Double { values[index] }
}
