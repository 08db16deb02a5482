/// A required value of a figure or of its ratio.
struct Target {
    enum Bound {
        case atLeast(Double)
        case atMost(Double)
    }

    enum Subject: String, Encodable {
        case value
        case ratio
    }

    let subject: Subject
    let bound: Bound

    static func atLeast(_ number: Double, of subject: Subject = .value) -> Target {
        Target(subject: subject, bound: .atLeast(number))
    }

    static func atMost(_ number: Double, of subject: Subject = .value) -> Target {
        Target(subject: subject, bound: .atMost(number))
    }

    func isMet(by number: Double) -> Bool {
        switch bound {
        case .atLeast(let minimum): number >= minimum
        case .atMost(let maximum): number <= maximum
        }
    }
}
