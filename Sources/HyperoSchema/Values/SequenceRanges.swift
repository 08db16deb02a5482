/// The text of ranges of sequence numbers, for example `17 40-52`, the format of ``ProducerField/missing``.
package enum SequenceRanges {
    /// Parses a text.
    ///
    /// - Returns: the ranges in the order of the text. Words that are not a number or two ascending numbers joined by `-`
    ///   are ignored.
    package static func parse(_ text: String) -> [ClosedRange<UInt64>] {
        text.split(separator: " ").compactMap { word in
            let bounds = word.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
            guard bounds.count <= 2, let first = bounds.first ?? nil, let last = bounds.last ?? nil, first <= last
            else { return nil }
            return first...last
        }
    }

    /// Returns the text of ranges: their bounds separated by `-`, or a single number, separated by spaces.
    package static func text(of ranges: [ClosedRange<UInt64>]) -> String {
        ranges.map { range in
            range.lowerBound == range.upperBound ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
        }.joined(separator: " ")
    }
}
