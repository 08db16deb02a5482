/// Returns a curve as one line of blocks from its lowest to its highest value: `▁▃▅▆▇█`.
///
/// - Parameters:
///   - values: the values in order. A value that is nil or not finite is drawn as a space.
///   - width: the maximum number of characters. A character draws the mean of its share of the values.
///   - levels: the characters, the lowest first.
func sparkline(_ values: [Double?], width: Int, levels: String = "▁▂▃▄▅▆▇█") -> String {
    let blocks = Array(levels)
    let finite = values.compactMap(\.self).filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max(), width > 0 else { return "" }
    let count = min(values.count, width)
    return String(
        (0..<count).map { index -> Character in
            let share = values[index * values.count / count..<(index + 1) * values.count / count]
                .compactMap(\.self).filter(\.isFinite)
            guard !share.isEmpty else { return " " }
            let mean = share.reduce(0) { $0 + $1 / Double(share.count) }
            // Halved, because the difference of two finite doubles may be infinite.
            let range = high / 2 - low / 2
            let height = range > 0 ? (mean / 2 - low / 2) / range : 0.5
            return blocks[min(max(Int(height * Double(blocks.count)), 0), blocks.count - 1)]
        })
}
