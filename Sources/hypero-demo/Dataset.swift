/// The digits, dealt out and scaled: all that a training needs to know of the data.
struct Dataset: Sendable {
    let train: Samples
    let valid: Samples
    let test: Samples
}

extension Dataset {
    init(_ digits: Digits) {
        let split = Split(count: digits.count)
        self.init(
            train: digits.samples(split.train), valid: digits.samples(split.valid), test: digits.samples(split.test))
    }
}
