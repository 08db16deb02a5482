/// A small generator of random numbers that gives the same stream for the same seed, on every machine and compiler.
///
/// The standard library's `shuffled(using:)` and `random(in:using:)` are not used on top of it: their algorithms may
/// change between releases, and a training must be repeatable from its record.
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
struct SplitMix64 {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number of -limit ... limit, evenly distributed.
    mutating func symmetric(_ limit: Double) -> Double {
        (Double(next() >> 11) * 0x1p-53 * 2 - 1) * limit
    }

    /// Brings `items` into a random order (Fisher and Yates).
    mutating func shuffle<Item>(_ items: inout [Item]) {
        guard items.count > 1 else { return }
        for last in stride(from: items.count - 1, to: 0, by: -1) {
            let other = next().multipliedFullWidth(by: UInt64(last + 1)).high
            items.swapAt(last, Int(other))
        }
    }
}
