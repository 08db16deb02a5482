/// One kind of difference: how often, and the first examples.
struct Finding {
    private(set) var count = 0
    private(set) var examples: [String] = []

    private static let shown = 8

    mutating func add(_ example: @autoclosure () -> String, count number: Int = 1) {
        count += number
        if examples.count < Self.shown { examples.append(example()) }
    }
}
