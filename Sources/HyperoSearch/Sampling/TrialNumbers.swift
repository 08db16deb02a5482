/// A set of trial numbers, kept as ranges: the numbers of a search are dense.
struct TrialNumbers: Sendable {
    /// Ranges in order, with at least one number between two of them that is missing.
    private(set) var ranges: [ClosedRange<Int>] = []

    /// Inserts a number.
    ///
    /// - Returns: false if the set has the number already.
    mutating func insert(_ number: Int) -> Bool {
        let low = place(of: number)
        if low < ranges.count, ranges[low].contains(number) { return false }
        let joinsPrevious = low > 0 && ranges[low - 1].upperBound + 1 == number
        let joinsNext = low < ranges.count && number < .max && ranges[low].lowerBound == number + 1
        switch (joinsPrevious, joinsNext) {
        case (true, true):
            ranges[low - 1] = ranges[low - 1].lowerBound...ranges[low].upperBound
            ranges.remove(at: low)
        case (true, false): ranges[low - 1] = ranges[low - 1].lowerBound...number
        case (false, true): ranges[low] = number...ranges[low].upperBound
        case (false, false): ranges.insert(number...number, at: low)
        }
        return true
    }

    func contains(_ number: Int) -> Bool {
        let place = place(of: number)
        return place < ranges.count && ranges[place].contains(number)
    }

    /// Returns the index of the first range that does not end before a number.
    private func place(of number: Int) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
