/// What a figure, or its ratio to what it stands beside, has to reach.
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
        case .atLeast(let least): number >= least
        case .atMost(let most): number <= most
        }
    }
}
