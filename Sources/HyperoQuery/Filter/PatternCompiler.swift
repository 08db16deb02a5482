/// The parts of a regular expression.
indirect enum PatternNode {
    case empty
    case scalar(Unicode.Scalar)
    case anyScalar
    case set(FilterPattern.ScalarSet)
    case start
    case end
    case sequence([PatternNode])
    case choice([PatternNode])
    /// - Parameter max: nil for any number.
    case repetition(PatternNode, min: Int, max: Int?)
}

/// The translation of a regular expression into the states of an automaton.
struct PatternCompiler {
    private let root: PatternNode
    private var instructions: [FilterPattern.Instruction] = []
    private(set) var sets: [FilterPattern.ScalarSet] = []

    /// The number of states, which bounds the time per character of a text. Repetition counts copy the states of their part.
    private static let maxStates = 2_000

    init(_ root: PatternNode) { self.root = root }

    mutating func program() throws(FilterPattern.Problem) -> [FilterPattern.Instruction] {
        try compile(root)
        try append(.match)
        return instructions
    }

    private mutating func append(_ instruction: FilterPattern.Instruction) throws(FilterPattern.Problem) {
        guard instructions.count < Self.maxStates else {
            throw FilterPattern.Problem(
                text: "its repetitions need more than \(Self.maxStates) states", offset: nil)
        }
        instructions.append(instruction)
    }

    private mutating func compile(_ node: PatternNode) throws(FilterPattern.Problem) {
        switch node {
        // A state, so that the number of states also bounds the repetitions of nothing.
        case .empty: try append(.jump(instructions.count + 1))
        case .scalar(let scalar): try append(.scalar(scalar))
        case .anyScalar: try append(.anyScalar)
        case .set(let set):
            sets.append(set)
            try append(.set(sets.count - 1))
        case .start: try append(.start)
        case .end: try append(.end)
        case .sequence(let parts): for part in parts { try compile(part) }
        case .choice(let parts): try compileChoice(parts)
        case .repetition(let part, let min, let max): try compileRepetition(of: part, min: min, max: max)
        }
    }

    private mutating func compileChoice(_ parts: [PatternNode]) throws(FilterPattern.Problem) {
        var ends: [Int] = []
        for (index, part) in parts.enumerated() {
            guard index < parts.count - 1 else {
                try compile(part)
                break
            }
            let split = instructions.count
            try append(.split(split + 1, split + 1))
            try compile(part)
            ends.append(instructions.count)
            try append(.jump(0))
            instructions[split] = .split(split + 1, instructions.count)
        }
        for end in ends { instructions[end] = .jump(instructions.count) }
    }

    private mutating func compileRepetition(
        of part: PatternNode, min: Int, max: Int?
    ) throws(FilterPattern.Problem) {
        for _ in 0..<min { try compile(part) }
        guard let max else {
            let split = instructions.count
            try append(.split(split + 1, split + 1))
            try compile(part)
            try append(.jump(split))
            instructions[split] = .split(split + 1, instructions.count)
            return
        }
        var splits: [Int] = []
        for _ in min..<Swift.max(min, max) {
            splits.append(instructions.count)
            try append(.split(instructions.count + 1, instructions.count + 1))
            try compile(part)
        }
        for split in splits { instructions[split] = .split(split + 1, instructions.count) }
        // x{0} consumes nothing.
        if min == 0, max == 0 { try compile(.empty) }
    }
}
