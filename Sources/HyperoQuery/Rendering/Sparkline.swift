/// A curve in one line of blocks: `▁▃▅▆▇█`, from its lowest to its highest value.
///
/// - Parameters:
///   - values: what is not there or not finite is left blank.
///   - width: how many characters at most; several values of one character are averaged.
func sparkline(_ values: [Double?], width: Int) -> String {
    let blocks = Array("▁▂▃▄▅▆▇█")
    let finite = values.compactMap(\.self).filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max(), width > 0 else { return "" }
    let count = min(values.count, width)
    return String(
        (0..<count).map { index -> Character in
            let part = values[index * values.count / count..<(index + 1) * values.count / count]
                .compactMap(\.self).filter(\.isFinite)
            guard !part.isEmpty else { return " " }
            // Halved, so that a range of all of double's does not become infinite.
            let mean = part.reduce(0) { $0 + $1 / Double(part.count) }
            let span = high / 2 - low / 2
            let height = span > 0 ? (mean / 2 - low / 2) / span : 0.5
            return blocks[min(max(Int(height * Double(blocks.count)), 0), blocks.count - 1)]
        })
}
