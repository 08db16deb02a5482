import HyperoSchema
import HyperoSearch

/// The source of the hyper-parameters of one experiment: fixed values, else those of a sampler.
struct ParameterSource: Sendable {
    private enum Sampler: Sendable {
        case prior(PriorSampler)
        case tpe(TPESampler)
    }

    private let sampler: Sampler
    /// The values of an enqueued point or of earlier attempts.
    private let fixed: [ExactText: Value]
    /// The names of an enqueued point; nil without one.
    let point: PointNames?

    /// Creates a source that draws each hyper-parameter from its distribution.
    init(seed: UInt64, number: UInt64, fixed: [ExactText: Value] = [:], point: PointNames? = nil) {
        self.init(.prior(PriorSampler(seed: seed, trial: number)), fixed: fixed, point: point)
    }

    /// Creates a source that learns from past trials.
    init(_ sampler: TPESampler, fixed: [ExactText: Value], point: PointNames?) {
        self.init(.tpe(sampler), fixed: fixed, point: point)
    }

    private init(_ sampler: Sampler, fixed: [ExactText: Value], point: PointNames?) {
        self.sampler = sampler
        self.fixed = fixed
        self.point = point
    }

    /// The values of the point that the training has not asked for, by name.
    var unasked: [(name: ExactText, value: Value)] {
        point?.unasked.compactMap { name in fixed[name].map { (name, $0) } } ?? []
    }

    /// A value, and the fixed one if the distribution cannot have drawn it.
    struct Draw {
        var value: DrawnValue
        var unfit: Value?
    }

    /// Returns the value of a hyper-parameter.
    ///
    /// Invalid arguments of the distribution are a programming error and trap with a message that names the parameter.
    func draw(_ name: String, from distribution: Distribution) -> Draw {
        // Not `precondition`, which omits the message in a release build.
        if let violation = distribution.violation { fatalError("hypero: hyper-parameter \"\(name)\": \(violation)") }
        let fixed = fixed.isEmpty ? nil : fixed[ExactText(name)]
        point?.setAsked(ExactText(name))
        if let value = fixed.flatMap({ DrawnValue($0, from: distribution) }) { return Draw(value: value) }
        switch sampler {
        case .prior(let sampler): return Draw(value: sampler.value(of: name, from: distribution), unfit: fixed)
        case .tpe(let sampler): return Draw(value: sampler.value(of: name, from: distribution), unfit: fixed)
        }
    }
}
