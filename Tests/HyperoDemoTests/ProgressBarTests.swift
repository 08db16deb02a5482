import Testing

@testable import hypero_demo

@Suite("The progress")
struct ProgressBarTests {
    @Test("is a bar that is drawn over itself on a terminal, only when it changed")
    func terminal() {
        var bar = ProgressBar(columns: 70)
        var tally = Tally(experiments: 2, epochs: 10)
        #expect(bar.update(tally) == "\r\u{1B}[K[........................................] 0 %, 0 of 2 experiments")
        #expect(bar.update(tally).isEmpty)
        for _ in 0..<5 { tally.receive(.epoch(valid: 0.75), from: 0) }
        #expect(
            bar.update(tally) == "\r\u{1B}[K[#####..................] 25 %, 0 of 2 experiments, best valid 0.7500")
    }

    @Test(
        "never fills the last column, and leaves the bar out where there is no room",
        arguments: [0, 1, 10, 40, 60, 200])
    func widths(columns: Int) {
        var tally = Tally(experiments: 2, epochs: 10)
        tally.receive(.epoch(valid: 0.75), from: 0)
        let line = ProgressBar.line(tally, columns: columns)
        #expect(line.count <= max(columns - 1, 0))
        #expect(line.hasPrefix("[") == (columns >= 60))
    }

    @Test("is a plain line every tenth of the way elsewhere")
    func plain() {
        var bar = ProgressBar(columns: nil)
        var tally = Tally(experiments: 1, epochs: 100)
        var lines: [String] = []
        for _ in 0..<100 {
            tally.receive(.epoch(valid: 0.5), from: 0)
            let line = bar.update(tally)
            if !line.isEmpty { lines.append(line) }
        }
        #expect(lines.count == 10)
        #expect(lines.first == "hypero-demo: 10 %, 0 of 1 experiments, best valid 0.5000\n")
        #expect(!bar.isDrawn && bar.clear().isEmpty)
    }

    @Test("makes room for a message and comes back behind it")
    func message() {
        var bar = ProgressBar(columns: 80)
        let tally = Tally(experiments: 1, epochs: 1)
        let drawn = bar.update(tally)
        #expect(bar.clear() == "\r\u{1B}[K")
        #expect(!bar.isDrawn)
        #expect(bar.update(tally) == drawn)
    }
}
