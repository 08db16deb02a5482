/// Inputs and labels in the flat form the perceptron reads: row after row, without gaps.
struct Samples: Sendable, Equatable {
    /// How many inputs a row has.
    let width: Int
    /// `count * width` numbers.
    let inputs: [Double]
    /// One class a row.
    let labels: [Int]

    var count: Int { labels.count }
}
