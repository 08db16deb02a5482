import HyperoSchema

extension EventGenerator {
    private static let plainChannels = ["train", "valid", "test"]
    private static let oddChannels = [
        "loss", "top 5", "a=b", "say \"x\"", "größe", "精度", "\\", "🎯", "valid/", "-", "1", "=", "\"", "a\\\"b=",
    ]
    private static let oddNames = [
        "lr", "lr decay", "größe", "a.b", "max.valid", "epoch", "status", "=", "\"q\"", "{x}", "\\n", "param.lr",
    ]
    private static let oddTexts = [
        "", " ", "linear", "0.01", "\"0.01\"", "[64,128]", "{\"a\": null}", "nan", "true", "line\nbreak", "\0", "日本",
        "\"unfinished", "1e400", "-0", String(repeating: "x", count: 3_000),
    ]
    /// The ends of double's range, values beyond its precision, and different texts for one value.
    private static let oddNumbers = [
        "nan", "inf", "-inf", "0", "-0", "1", "1.0", "1e0", "10E-1", "0.5", "0.50", "1e308", "-1e308", "5e-324",
        "2.2250738585072014e-308", "1.7976931348623157e308", "0.1", "0.10000000000000000555", "9007199254740993",
        "123456789012345678901234567890", "1e-400",
    ]

    /// Returns a random body. Epoch 0 starts the experiment.
    mutating func anyBody(_ battery: Int, epoch: Int) -> Event.Body {
        let isNasty = mix == .nasty
        switch epoch == 0 ? 0 : Int.random(in: 1..<100, using: &random) {
        case 0: return .start(start())
        case 1..<8: return .param(texts(["lr", "momentum", "depth", "bs"]))
        case 8..<14: return .meta(texts(["name", "dataset", "savepath"]))
        case 14..<80: return row(battery, epoch: epoch)
        case 80..<88: return curves(battery)
        case 88..<92:
            guard isNasty || random.chance(25) else { return row(battery, epoch: epoch) }
            let epoch = random.chance(60) ? anyEpoch(around: epoch) : nil
            return .maxima(epoch: epoch, cells(battery, atMost: 4))
        case 92..<95:
            return .end(random.pick(isNasty ? [.done, .failed, .stopped, .lost] : [.done, .failed]), reason: reason())
        case 95..<97 where isNasty: return .start(resumption(before: epoch))
        default: return row(battery, epoch: epoch)
        }
    }

    private mutating func start() -> Event.Start {
        Event.Start(
            host: random.chance(80) ? "node\(Int.random(in: 1...9, using: &random))" : nil,
            pid: random.chance(80) ? String(Int.random(in: 1...99_999, using: &random)) : nil,
            seed: random.chance(50) ? String(random.next()) : nil)
    }

    /// Returns the start of a process that may resume the experiment.
    private mutating func resumption(before epoch: Int) -> Event.Start {
        var start = start()
        if random.chance(60) { start.attempt = Int.random(in: 1...4, using: &random) }
        if random.chance(60) { start.from = Int.random(in: 0...epoch, using: &random) }
        return start
    }

    private mutating func reason() -> String? {
        guard random.chance(50) else { return nil }
        return mix == .nasty ? random.pick(Self.oddTexts) : "out of memory"
    }

    private mutating func texts(_ names: [String]) -> [Event.Entry] {
        var chosen = names.shuffled(using: &random).prefix(Int.random(in: 1...names.count, using: &random))
        if mix == .nasty, random.chance(40) { chosen.append(random.pick(Self.oddNames)) }
        var seen: Set<String> = []
        return chosen.filter { seen.insert($0).inserted }.map { name in
            let isOdd = mix == .nasty && random.chance(40)
            return Event.Entry(
                name: name,
                value: isOdd ? random.pick(Self.oddTexts) : Value.number(Double.random(in: 0..<1, using: &random)).text)
        }
    }

    /// Returns the given epoch in most cases, otherwise an earlier, repeated or much later one.
    private mutating func anyEpoch(around epoch: Int) -> Int {
        guard mix == .nasty, random.chance(40) else { return epoch }
        return random.chance(2) ? Int(Limits.integer) : Int.random(in: 0...max(epoch, 8), using: &random)
    }

    private mutating func row(_ battery: Int, epoch: Int) -> Event.Body {
        guard mix == .nasty else { return .epoch(epoch, cells(battery, atMost: 3)) }
        return .epoch(anyEpoch(around: epoch), cells(battery, atMost: random.chance(50) ? 1 : 4))
    }

    private mutating func channels(_ battery: Int, atMost count: Int) -> [String] {
        let objective = batteries[battery].declaration.objective
        var channels = Self.plainChannels
        if !channels.contains(objective) { channels.append(objective) }
        guard mix == .nasty else { return channels }
        if random.chance(30) { channels.append(random.pick(Self.oddChannels)) }
        var seen: Set<String> = []
        channels = channels.shuffled(using: &random).filter { seen.insert($0).inserted }
        return Array(channels.prefix(Int.random(in: 1...count, using: &random)))
    }

    private mutating func cells(_ battery: Int, atMost count: Int) -> [CurveRow.Cell] {
        channels(battery, atMost: count).map { CurveRow.Cell($0, number()) }
    }

    private mutating func curves(_ battery: Int) -> Event.Body {
        let first = mix == .nasty && random.chance(50) ? Int.random(in: 0...20, using: &random) : 1
        let length = Int.random(in: 1...12, using: &random)
        let series = channels(battery, atMost: 3).map { channel in
            let isShort = mix == .nasty && random.chance(30)
            let count = isShort ? Int.random(in: 1...length, using: &random) : length
            return Event.Series(channel, (0..<count).map { _ in number() })
        }
        return .curve(first: first, series)
    }

    private mutating func number() -> Number {
        guard mix == .nasty else { return Number(Double.random(in: 0..<1, using: &random)) }
        if random.chance(12) {
            var text = random.pick(Self.oddNumbers)
            return text.withUTF8 { Number($0)! }
        }
        // Only 21 different values, so that many values are equal.
        return Number(Double(Int.random(in: 0...20, using: &random)) / 20)
    }
}
