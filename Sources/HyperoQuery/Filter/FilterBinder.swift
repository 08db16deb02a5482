import HyperoSchema

/// Resolves the names of an expression, and checks that the values fit the fields.
struct FilterBinder {
    let resolver: FilterResolver
    let zone: FilterTimeZone
    private var fields: [String] = []
    private var bestChannels: [String] = []
    private var numericFields: [FilterNumericField] = []
    private var needsLiveness = false
    private var needsRank = false
    private var lastValueNames: [String] = []
    private var divergence: FilterDivergence?

    init(_ catalogue: FilterCatalogue, isLenient: Bool, zone: FilterTimeZone) {
        resolver = FilterResolver(catalogue: catalogue, isLenient: isLenient)
        self.zone = zone
    }

    mutating func filter(_ expression: FilterExpression) throws(FilterError) -> BoundFilter {
        let root = try node(expression)
        return BoundFilter(
            root: root, fields: fields, bestChannels: bestChannels, numericFields: numericFields,
            needsLiveness: needsLiveness, needsRank: needsRank, lastValueNames: lastValueNames,
            divergence: divergence, bests: Array(repeating: nil, count: bestChannels.count))
    }

    private mutating func node(_ expression: FilterExpression) throws(FilterError) -> BoundFilter.Node {
        switch expression {
        case .and(let parts): return .and(try nodes(parts))
        case .or(let parts): return .or(try nodes(parts))
        case .not(let part): return .not(try node(part))
        case .comparison(let left, let mark, let right): return try comparison(left, mark, right)
        case .isIn(let operand, let values, let isNegated):
            let field = try field(operand)
            return test(field, try membership(of: field, operand, in: values), isNegated: isNegated)
        case .isBetween(let operand, let low, let high, let isNegated):
            let field = try field(operand)
            return test(field, try interval(of: field, operand, low, high), isNegated: isNegated)
        case .isLike(let operand, let pattern, let like):
            let field = try field(operand)
            try requireWords(field, operand, mark: like.ignoresCase ? "ilike" : "like", at: like.range)
            return test(
                field, .like(LikePattern(try text(pattern), ignoresCase: like.ignoresCase)), isNegated: like.isNegated)
        case .isState(let operand, let state, let isNegated):
            let field = try field(operand)
            if field.channel != nil {
                let slots = FilterDivergence.fields.map { slot($0) }
                divergence = FilterDivergence(epochs: slots[0], bestEpoch: slots[1], nonfinite: slots[2])
            }
            return test(field, .state(state), isNegated: isNegated)
        }
    }

    private mutating func nodes(_ parts: [FilterExpression]) throws(FilterError) -> [BoundFilter.Node] {
        var nodes: [BoundFilter.Node] = []
        for part in parts { nodes.append(try node(part)) }
        return nodes
    }

    private mutating func test(
        _ field: FilterField, _ condition: FilterCondition, isNegated: Bool = false
    ) -> BoundFilter.Node {
        .test(FilterTest(source: source(field), condition: condition, isNegated: isNegated))
    }

    private mutating func comparison(
        _ left: FilterOperand, _ mark: FilterMark, _ right: FilterOperand
    ) throws(FilterError) -> BoundFilter.Node {
        for operand in [left, right] { if let error = resolver.foreign(operand) { throw error } }
        // 0.9 < valid and 'adam' = opt.
        let isTurned =
            !resolver.mayBeField(left) && resolver.mayBeField(right)
            || !resolver.isKnown(left) && resolver.isKnown(right)
        if !isTurned, !resolver.mayBeField(left) { throw resolver.missingField(left) }
        let (operand, value) = isTurned ? (right, left) : (left, right)
        guard let comparison = isTurned ? mark.comparison.turned : mark.comparison else {
            throw FilterError("the pattern belongs after \(mark.text)", at: left.range)
        }
        let field = try field(operand)
        switch comparison {
        case .matches, .matchesNot:
            try requireWords(field, operand, mark: mark.text, at: mark.range)
            return test(field, .pattern(try pattern(value)), isNegated: comparison == .matchesNot)
        case .less, .lessOrEqual, .greater, .greaterOrEqual:
            return test(field, try order(of: field, operand, comparison, mark, value))
        case .equal, .notEqual:
            let isNegated = comparison == .notEqual
            if case .best(let best) = value.content {
                return test(field, try self.best(best, of: field, .equal, value), isNegated: isNegated)
            }
            return test(field, try membership(of: field, operand, in: [value]), isNegated: isNegated)
        }
    }

    private mutating func order(
        of field: FilterField, _ operand: FilterOperand, _ comparison: FilterComparison, _ mark: FilterMark,
        _ value: FilterOperand
    ) throws(FilterError) -> FilterCondition {
        if case .best(let best) = value.content { return try self.best(best, of: field, comparison, value) }
        try requireNumbers(field, operand, mark: mark.text, at: mark.range)
        if field.kind == .times { return .time([try time(value).range(comparison)]) }
        return .number(comparison, try number(value, for: field, operand))
    }

    private mutating func interval(
        of field: FilterField, _ operand: FilterOperand, _ low: FilterOperand, _ high: FilterOperand
    ) throws(FilterError) -> FilterCondition {
        for bound in [low, high] { if case .best = bound.content { throw unsuitableBest(bound) } }
        try requireNumbers(field, operand, mark: "between", at: operand.range)
        if field.kind == .times {
            let (first, last) = (try time(low).period.lowerBound, try time(high).period.upperBound)
            return .time([first..<max(first, last)])
        }
        return .between(try number(low, for: field, operand), try number(high, for: field, operand))
    }

    private func membership(
        of field: FilterField, _ operand: FilterOperand, in values: [FilterOperand]
    ) throws(FilterError) -> FilterCondition {
        if field.kind == .times {
            var periods: [Range<Int64>] = []
            for value in values { periods.append(try time(value).period) }
            return .time(periods)
        }
        var literals: [FilterLiteral] = []
        for value in values { literals.append(try literal(value, for: field, operand)) }
        return field == .attribute(.id) ? .ids(literals.map(\.text)) : .oneOf(literals)
    }

    private mutating func best(
        _ best: FilterBest, of field: FilterField, _ comparison: FilterComparison, _ value: FilterOperand
    ) throws(FilterError) -> FilterCondition {
        if field == .absent { return .best(comparison, bestIndex(of: ""), best) }
        guard let channel = field.channel else { throw unsuitableBest(value) }
        return .best(comparison, bestIndex(of: channel), best)
    }

    private mutating func bestIndex(of channel: String) -> Int {
        if let index = bestChannels.firstIndex(where: { $0.hasSameBytes(as: channel) }) { return index }
        bestChannels.append(channel)
        return bestChannels.count - 1
    }

    private mutating func requireNumbers(
        _ field: FilterField, _ operand: FilterOperand, mark: String, at range: Range<Int>
    ) throws(FilterError) {
        switch field.kind {
        case .numbers, .times, .spans: break
        case .any:
            guard case .logged(let stored) = field else { return }
            numericFields.append(FilterNumericField(field: stored, name: operand.text, mark: mark, range: range))
        case .words, .status:
            throw FilterError(
                "\(printable(operand.text)) holds words, and \(mark) is for numbers", at: range,
                hint: "one of = != in like ~")
        }
    }

    private func requireWords(
        _ field: FilterField, _ operand: FilterOperand, mark: String, at range: Range<Int>
    ) throws(FilterError) {
        let name = printable(operand.text)
        let example: String
        switch field.kind {
        case .words, .any, .status: return
        case .numbers: example = "\(name) between 0.9 and 1"
        case .times: example = "\(name) >= 2026-11-24"
        case .spans: example = "\(name) < 2h"
        }
        throw FilterError("\(mark) is for words, \(name) holds numbers", at: range, hint: example)
    }

    private mutating func field(_ operand: FilterOperand) throws(FilterError) -> FilterField {
        let found = try resolver.field(operand)
        let name = operand.text.lowercased()
        if name.hasPrefix("metrics.") || name.hasPrefix("metric."), !lastValueNames.contains(operand.text) {
            lastValueNames.append(operand.text)
        }
        return found
    }

    private mutating func slot(_ field: String) -> Int {
        if let index = fields.firstIndex(where: { $0.hasSameBytes(as: field) }) { return index }
        fields.append(field)
        return fields.count - 1
    }

    private mutating func source(_ field: FilterField) -> FilterSource {
        switch field {
        case .absent: return .none
        case .logged(let name): return .slot(slot(name))
        case .attribute(let attribute):
            if let name = attribute.field { return .slot(slot(name)) }
            switch attribute {
            case .status, .seen: needsLiveness = true
            case .rank: needsRank = true
            default: break
            }
            return switch attribute {
            case .id: .id
            case .battery: .battery
            case .status: .status
            case .version: .version
            case .rank: .rank
            case .seen: .seen
            case .duration:
                .duration(started: slot(ExperimentField.started), updated: slot(ExperimentField.updated))
            case .age: .since(slot(ExperimentField.started))
            case .idle: .since(slot(ExperimentField.updated))
            default: .none
            }
        }
    }
}
