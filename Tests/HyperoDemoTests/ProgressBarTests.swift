import Testing

@testable import hypero_demo

@Suite struct ProgressBarTests {
    @Test func `On a terminal the progress is a bar that is redrawn only after a change`() {
        var bar = ProgressBar(columns: 70)
        var progress = RunProgress(experiments: 2, epochs: 10)
        #expect(bar.update(progress) == "\r\u{1B}[K[........................................] 0 %, 0 of 2 experiments")
        #expect(bar.update(progress).isEmpty)
        for _ in 0..<5 { progress.add(.epoch(valid: 0.75), from: 0) }
        #expect(
            bar.update(progress) == "\r\u{1B}[K[#####..................] 25 %, 0 of 2 experiments, best valid 0.7500")
    }

    @Test(
        arguments: [0, 1, 10, 40, 60, 200])
    func `The progress bar leaves the last column empty and is omitted on a narrow terminal`(columns: Int) {
        var progress = RunProgress(experiments: 2, epochs: 10)
        progress.add(.epoch(valid: 0.75), from: 0)
        let line = ProgressBar.line(progress, columns: columns)
        #expect(line.count <= max(columns - 1, 0))
        #expect(line.hasPrefix("[") == (columns >= 60))
    }

    @Test func `Without a terminal the progress is a line per tenth of the run`() {
        var bar = ProgressBar(columns: nil)
        var progress = RunProgress(experiments: 1, epochs: 100)
        var lines: [String] = []
        for _ in 0..<100 {
            progress.add(.epoch(valid: 0.5), from: 0)
            let line = bar.update(progress)
            if !line.isEmpty { lines.append(line) }
        }
        #expect(lines.count == 10)
        #expect(lines.first == "hypero-demo: 10 %, 0 of 1 experiments, best valid 0.5000\n")
        #expect(!bar.isDrawn && bar.clear().isEmpty)
    }

    @Test func `The progress bar is erased before a message and redrawn after the message`() {
        var bar = ProgressBar(columns: 80)
        let progress = RunProgress(experiments: 1, epochs: 1)
        let drawn = bar.update(progress)
        #expect(bar.clear() == "\r\u{1B}[K")
        #expect(!bar.isDrawn)
        #expect(bar.update(progress) == drawn)
    }
}
