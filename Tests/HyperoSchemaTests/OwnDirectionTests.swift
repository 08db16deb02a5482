import HyperoSchema
import TestSupport
import Testing

/// Declarations with a direction of the objective among those of the channels.
@Suite struct OwnDirectionTests {
    private func declaration(_ fields: KeyValuePairs<String, String>) throws(Rejection) -> Event.Declaration? {
        var all = [
            ("event", "battery"), ("battery", "b"), ("name", "n"), ("version", "1"), ("description", ""),
        ]
        if !fields.contains(where: { $0.key == "objective" }) { all.append(("objective", "loss")) }
        all += fields.map { ($0.key, $0.value) }
        let entry = StreamEntry(id: .zero, fields: all.map { StreamEntry.Field($0.0, $0.1) })
        guard case .battery(let declaration) = try entry.decoded().body else { return nil }
        return declaration
    }

    @Test func `The direction of the objective may be given twice or among those of the channels`() throws {
        #expect(try declaration(["direction.loss": "min", "direction.fid": "max"])?.direction == .min)
        #expect(try declaration(["direction": "min", "direction.loss": "min"])?.direction == .min)
        // Without a direction, that of the name.
        #expect(try declaration(["direction.fid": "min"])?.direction == .min)
        #expect(try declaration(["objective": "accuracy", "direction.fid": "min"])?.direction == .max)
        #expect(try declaration(["direction": "min", "direction.valid": "max"])?.direction == .min)
    }

    @Test(arguments: [("max", "min"), ("min", "max")])
    func `A declaration with two directions of the objective is rejected`(direction: String, own: String) throws {
        let rejection = #expect(throws: Rejection.self) {
            _ = try declaration(["direction": direction, "direction.loss": own])
        }
        #expect(
            rejection?.description
                == "the fields 'direction' and 'direction.loss' must be equal, because 'loss' is the objective, not "
                + "\(direction) and \(own)")
    }

    @Test func `A client does not record such a declaration`() {
        let body = Event.Body.battery(
            Event.Declaration(
                name: "n", version: 1, description: "", objective: "loss", direction: .max,
                directions: [Event.ChannelDirection("loss", .min)]))
        #expect(body.violation?.contains("the direction of the objective 'loss'") == true)
    }
}
