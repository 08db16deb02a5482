import HyperoAsync
import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

@Suite("The async forms")
struct AsyncTests {
    private struct Diverged: Error {}

    @Test func `withExperiment, flush and close wait in a task`() async throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try ClientFixture()
        let hypero = try fixture.hypero(server.url)
        let battery = hypero.battery("b")
        let id = await battery.withExperiment { experiment in
            await Task.yield()
            experiment.log(epoch: 1, valid: 1)
            return experiment.id
        }
        await #expect(throws: Diverged.self) {
            try await battery.withExperiment { _ in
                await Task.yield()
                throw Diverged()
            }
        }
        await battery.withExperiment { experiment in
            await Task.yield()
            experiment.stop("early")
        }
        #expect(await hypero.flush(until: .sent, timeout: .seconds(60)))
        #expect(await !hypero.flush(timeout: .milliseconds(20)))
        #expect(await hypero.close(timeout: .seconds(60)))
        let ends = try server.entries().compactMap(\.event).filter { $0.body.kind == .end }
        #expect(
            ends.map(\.body) == [
                .end(.done, reason: nil), .end(.failed, reason: "Diverged()"), .end(.stopped, reason: "early"),
            ])
        #expect(ends.first?.experiment?.text == id)
    }
}
