import HyperoSchema
import HyperoSearch
import Testing

@Suite("Draws with invalid bounds")
struct InvalidBoundsTests {
    /// A draw with invalid bounds.
    ///
    /// A value and not a closure, because exit tests encode their captures for the child process.
    struct Draw: Codable, CustomTestStringConvertible {
        enum Kind: String, Codable { case uniform, logUniform, normal, randint, categorical }

        var kind: Kind
        /// The bit patterns of the bounds, of mean and standard deviation, or of the weights.
        var numbers: [Int64]
        var testDescription: String { "\(kind)(\(values))" }

        init(_ kind: Kind, _ values: Double...) {
            self.kind = kind
            // JSON cannot represent nan and infinity, so the bit patterns are encoded.
            numbers = values.map { Int64(bitPattern: $0.bitPattern) }
        }

        var values: [Double] { numbers.map { Double(bitPattern: UInt64(bitPattern: $0)) } }

        func callAsFunction() {
            let sampler = PriorSampler(seed: 1, trial: 1)
            let values = values
            switch kind {
            case .uniform: _ = sampler.uniform("the knob", low: values[0], high: values[1])
            case .logUniform: _ = sampler.logUniform("the knob", low: values[0], high: values[1])
            case .normal: _ = sampler.normal("the knob", mean: values[0], standardDeviation: values[1])
            case .randint: _ = sampler.randint("the knob", low: Int(values[0]), high: Int(values[1]))
            case .categorical:
                let choices = values.indices.map { Value.integer($0) }
                _ = sampler.categorical("the knob", choices, weights: values)
            }
        }
    }

    @Test(arguments: [
        Draw(.uniform, 1, 0), Draw(.uniform, .nan, 1), Draw(.uniform, 0, .nan), Draw(.uniform, -.infinity, 1),
        Draw(.uniform, 0, .infinity),
        Draw(.logUniform, 0, 1), Draw(.logUniform, -1, 1), Draw(.logUniform, 2, 1), Draw(.logUniform, .nan, 1),
        Draw(.logUniform, 1, .nan), Draw(.logUniform, 1, .infinity),
        Draw(.normal, 0, -1), Draw(.normal, .nan, 1), Draw(.normal, 0, .nan), Draw(.normal, .infinity, 1),
        Draw(.normal, 0, .infinity),
        Draw(.randint, 2, 1),
        Draw(.categorical), Draw(.categorical, 0, 0), Draw(.categorical, 1, -0.5), Draw(.categorical, 1, .nan),
        Draw(.categorical, 1, .infinity), Draw(.categorical, .greatestFiniteMagnitude, .greatestFiniteMagnitude),
    ])
    func `A draw with invalid bounds traps with a message that names the parameter`(draw: Draw) async throws {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [draw] in draw() }
        let message = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
        #expect(message.contains("hypero: hyper-parameter \"the knob\": \(draw.kind.rawValue) needs"))
    }
}
