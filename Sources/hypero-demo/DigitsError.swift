/// What is wrong with the file of digits, and where.
struct DigitsError: Error, CustomStringConvertible, Equatable {
    let description: String

    init(_ description: String) { self.description = description }
}
