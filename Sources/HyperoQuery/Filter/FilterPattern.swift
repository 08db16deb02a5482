/// A regular expression: POSIX extended, without back-references.
///
/// The text is matched by a simulation of the nondeterministic automaton, whose time is bounded by the product of the sizes of
/// text and automaton (Thompson 1968, "Regular expression search algorithm"). The matcher of glibc builds a deterministic automaton
/// while it matches and keeps all of its states: `(a|b)*a(a|b){20}c` took 100 MB after three texts of 4 KiB, and `{100}` in place
/// of `{20}` more than a minute. It also sees bytes, not characters, in the C locale.
struct FilterPattern {
    /// One state of the automaton.
    enum Instruction {
        /// Consumes a scalar of the set with this index.
        case set(Int)
        case scalar(Unicode.Scalar)
        case anyScalar
        /// Continues at both.
        case split(Int, Int)
        case jump(Int)
        case start
        case end
        case match
    }

    /// A set of scalars in brackets.
    struct ScalarSet {
        var ranges: [ClosedRange<UInt32>] = []
        var classes: [ScalarClass] = []
        var isNegated = false

        func contains(_ scalar: Unicode.Scalar) -> Bool {
            let isMember =
                ranges.contains { $0.contains(scalar.value) } || classes.contains { $0.contains(scalar) }
            return isMember != isNegated
        }
    }

    /// A problem of a pattern at a place; nil for the whole pattern.
    struct Problem: Error {
        let text: String
        let offset: (bytes: Int, characters: Int)?
    }

    static let maxSize = 256
    /// The number of bytes of a value that are matched.
    private static let maxText = 4_096

    private let program: [Instruction]
    private let sets: [ScalarSet]
    private let literal: PatternLiteral

    init(_ pattern: String) throws(Problem) {
        guard pattern.utf8.count <= Self.maxSize else {
            throw Problem(
                text: "it has \(pattern.utf8.count) bytes, and at most \(Self.maxSize) are allowed", offset: nil)
        }
        let root = try PatternParser.parse(pattern)
        var compiler = PatternCompiler(root)
        program = try compiler.program()
        // After the program, whose size bounds that of the literal.
        literal = PatternLiteral(of: root)
        sets = compiler.sets
    }

    /// Returns whether the pattern matches a part of a text, of its first 4 KiB.
    func matches(_ text: String) -> Bool {
        if !literal.bytes.isEmpty {
            guard literal.isContained(in: text, first: Self.maxText) else { return false }
            if literal.isWholePattern { return true }
        }
        return isAccepted(text)
    }

    /// Returns whether the automaton reaches its end in a text.
    func isAccepted(_ text: String) -> Bool {
        var current = PatternStates(count: program.count)
        var next = PatternStates(count: program.count)
        var remaining = text.unicodeScalars[...]
        var byteCount = 0
        var isAtStart = true
        while true {
            let scalar = byteCount < Self.maxText ? remaining.popFirst() : nil
            let isAtEnd = scalar == nil && remaining.isEmpty
            // An attempt begins at each place.
            if current.add(0, of: program, isAtStart: isAtStart, isAtEnd: isAtEnd) { return true }
            guard let scalar else { return false }
            byteCount += UTF8.width(scalar)
            let endsText = remaining.isEmpty
            next.removeAll()
            for state in current.states where consumes(scalar, at: state) {
                if next.add(state + 1, of: program, isAtStart: false, isAtEnd: endsText) { return true }
            }
            swap(&current, &next)
            isAtStart = false
        }
    }

    private func consumes(_ scalar: Unicode.Scalar, at state: Int) -> Bool {
        switch program[state] {
        case .scalar(let wanted): wanted == scalar
        case .anyScalar: true
        case .set(let index): sets[index].contains(scalar)
        case .split, .jump, .start, .end, .match: false
        }
    }
}

/// The states of an automaton that are reached without consuming more text, each once.
private struct PatternStates {
    private(set) var states: [Int] = []
    private var isPresent: [Bool]
    private var seen: [Int] = []
    private var stack: [Int] = []

    init(count: Int) { isPresent = Array(repeating: false, count: count) }

    mutating func removeAll() {
        for state in seen { isPresent[state] = false }
        seen.removeAll(keepingCapacity: true)
        states.removeAll(keepingCapacity: true)
    }

    /// Adds a state and those that follow without text. Returns whether the end of the pattern is among them.
    mutating func add(_ state: Int, of program: [FilterPattern.Instruction], isAtStart: Bool, isAtEnd: Bool) -> Bool {
        stack.append(state)
        while let state = stack.popLast() {
            guard !isPresent[state] else { continue }
            isPresent[state] = true
            seen.append(state)
            switch program[state] {
            case .match:
                stack.removeAll()
                return true
            case .jump(let target): stack.append(target)
            case .split(let first, let second): stack += [second, first]
            case .start: if isAtStart { stack.append(state + 1) }
            case .end: if isAtEnd { stack.append(state + 1) }
            case .set, .scalar, .anyScalar: states.append(state)
            }
        }
        return false
    }
}
