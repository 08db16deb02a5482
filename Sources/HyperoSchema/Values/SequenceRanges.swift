/// Ranges of sequence numbers as ``ProducerField/missing`` holds them: `17 40-52`.
package enum SequenceRanges {
    /// The ranges that a text names; a word that is none is passed over.
    package static func parse(_ text: String) -> [ClosedRange<UInt64>] {
        text.split(separator: " ").compactMap { word in
            let bounds = word.split(separator: "-").map { UInt64($0) }
            guard let first = bounds.first ?? nil, let last = bounds.last ?? nil, first <= last else { return nil }
            return first...last
        }
    }

    /// The text that names the ranges.
    package static func text(of ranges: [ClosedRange<UInt64>]) -> String {
        ranges.map { range in
            range.lowerBound == range.upperBound ? "\(range.lowerBound)" : "\(range.lowerBound)-\(range.upperBound)"
        }.joined(separator: " ")
    }
}
