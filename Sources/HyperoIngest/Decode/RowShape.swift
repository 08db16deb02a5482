import HyperoSchema

/// The channels of a row, in order of first appearance. All rows of a training have the same few shapes, so that a row is
/// a shape and its numbers.
final class RowShape: Sendable {
    let channels: [String]
    /// What stands before each number where a row is written: `train=`, ` valid=`, as in ``CurveRow/text``.
    let labels: [[UInt8]]
    /// The names of the fields in an `epoch` event: `curve.train`, `curve.valid`.
    let fields: [[UInt8]]

    init(_ channels: [String]) {
        self.channels = channels
        labels = channels.enumerated().map { Array((($0 == 0 ? "" : " ") + CurveRow.label(of: $1)).utf8) }
        fields = channels.map { Array((Prefix.curve + $0).utf8) }
    }

    /// Where a channel's number is among those of a row; nil when the shape lacks the channel.
    func place(of channel: String) -> Int? {
        channels.firstIndex { $0.hasSameBytes(as: channel) }
    }

    func isSame(_ other: RowShape) -> Bool {
        self === other
            || channels.count == other.channels.count
                && zip(channels, other.channels).allSatisfy { $0.hasSameBytes(as: $1) }
    }

    /// Whether it has the same channels in the same order as these cells.
    func isShape(of cells: [CurveRow.Cell]) -> Bool {
        channels.count == cells.count && zip(channels, cells).allSatisfy { $0.hasSameBytes(as: $1.channel) }
    }
}
