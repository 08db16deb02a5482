import Testing

@testable import Hypero

@Suite("The draws of an experiment")
struct DrawTests {
    private let fixture: ClientFixture

    init() throws {
        fixture = try ClientFixture()
    }

    @Test func `A draw does not depend on other draws of the experiment`() throws {
        let battery = Hypero(try fixture.client()).battery("b")
        let (first, second) = (battery.experiment(), battery.experiment())
        let lr = first.logUniform("lr", 1e-5, 0.1)
        let depth = first.randint("depth", 1, 1_000_000)
        #expect(first.logUniform("lr", 1e-5, 0.1) == lr)
        // As the first experiment of another process with the same seed.
        let other = Hypero(try fixture.client()).battery("b").experiment()
        _ = other.uniform("momentum", 0, 1)
        #expect(other.randint("depth", 1, 1_000_000) == depth && other.logUniform("lr", 1e-5, 0.1) == lr)
        #expect(second.logUniform("lr", 1e-5, 0.1) != lr)
    }

    @Test func `Names with different bytes have different values`() throws {
        let experiment = Hypero(try fixture.client()).battery("b").experiment()
        // The composed and the decomposed form are equal strings in Swift, and different names in Redis.
        #expect(experiment.uniform("\u{e9}", 0, 1) != experiment.uniform("e\u{301}", 0, 1))
    }
}
