import HyperoSchema

/// The channels of a row, in order of first appearance.
///
/// All rows of a training have the same few shapes, so a row is stored as a shape and its numbers.
package final class RowShape: Sendable {
    let channels: [String]
    /// The bytes before each number in the text of a row, as in ``CurveRow/text``: `train=`, ` valid=`.
    let labels: [[UInt8]]
    /// The field names of an `epoch` event: `curve.train`, `curve.valid`.
    let fieldNames: [[UInt8]]

    init(_ channels: [String]) {
        self.channels = channels
        labels = channels.enumerated().map { Array((($0 == 0 ? "" : " ") + CurveRow.label(of: $1)).utf8) }
        fieldNames = channels.map { Array((Prefix.curve + $0).utf8) }
    }

    /// Returns the index of a channel's number among the numbers of a row; nil if the shape lacks the channel.
    func index(of channel: String) -> Int? {
        channels.firstIndex { ExactText.isSame($0, channel) }
    }

    /// Returns whether another shape has the same channels in the same order.
    func hasSameChannels(as other: RowShape) -> Bool {
        self === other
            || channels.count == other.channels.count
                && zip(channels, other.channels).allSatisfy { ExactText.isSame($0, $1) }
    }

    /// Returns whether cells have the channels of this shape, in the same order.
    func matches(_ cells: [CurveRow.Cell]) -> Bool {
        channels.count == cells.count && zip(channels, cells).allSatisfy { ExactText.isSame($0, $1.channel) }
    }
}
