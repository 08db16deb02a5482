import HyperoSchema

extension [Event.Series] {
    /// Calls a function with the cells of each epoch of a `curve` event. Its cost is the count of the numbers, even if one
    /// of a thousand channels is much longer than the others.
    func forEachRow(
        _ body: (_ offset: Int, _ cells: [CurveRow.Cell]) -> Void
    ) {
        var remaining = self
        var offset = 0
        while !remaining.isEmpty {
            let end = remaining.map(\.numbers.count).min() ?? 0
            while offset < end {
                WorkCounter.count(remaining.count)
                body(offset, remaining.map { CurveRow.Cell($0.channel, $0.numbers[offset]) })
                offset += 1
            }
            WorkCounter.count(remaining.count)
            remaining.removeAll { $0.numbers.count <= offset }
        }
    }
}
