import HyperoSchema
import Testing

@Suite struct ControlEventTests {
    @Test(arguments: [
        ControlEvent.deleteExperiment(ExperimentID("k3v9x2mq7d-17")!), .deleteBattery(BatteryID("b.v1.b44afc5e")!),
        .deleteExperiment(ExperimentID("k3v9x2mq7d-17")!, of: BatteryID("b.v1.b44afc5e")!),
        .thinCurve(ExperimentID("k3v9x2mq7d-17")!, .maxima), .thinCurve(ExperimentID("k3v9x2mq7d-17")!, .rows(200)),
        .rebuild(nil), .rebuild(BatteryID("b.v1.b44afc5e")!),
    ])
    func `A command is the same after it was written and read`(_ event: ControlEvent) throws {
        #expect(try ControlEvent(fields: event.fields) == event)
        #expect(try ControlEvent(fields: event.fields.reversed()) == event)
    }

    @Test(arguments: [
        ([("experiment", "e-1")], "the field 'event' is missing"),
        (
            [("event", "destroy"), ("experiment", "e-1")],
            "the field 'event' must be 'delete', 'thin' or 'rebuild', not 'destroy'"
        ),
        ([("event", "delete")], "an event 'delete' must have the field 'experiment' or 'battery'"),
        (
            [("event", "delete"), ("experiment", "e-1"), ("battery", "b:c")],
            "the field 'battery' must be an id, not 'b:c'"
        ),
        ([("event", "delete"), ("experiment", "E 1")], "the field 'experiment' must be an id, not 'E 1'"),
        ([("event", "delete"), ("battery", "b:c")], "the field 'battery' must be an id, not 'b:c'"),
        ([("event", "delete"), ("battery", "b"), ("battery", "c")], "the field 'battery' occurs more than once"),
        ([("event", "rebuild"), ("battery", "b:c")], "the field 'battery' must be an id, not 'b:c'"),
        (
            [("event", "rebuild"), ("experiment", "e-1")],
            "the field 'experiment' is not allowed in an event 'rebuild'"
        ),
        ([("event", "delete"), ("battery", "b"), ("why", "x")], "the field 'why' is not allowed in an event 'delete'"),
    ])
    func `An entry that is no command is rejected with its reason`(_ fields: [(String, String)], _ reason: String) {
        let error = #expect(throws: Rejection.self) {
            try ControlEvent(fields: fields.map { (name: $0.0, value: $0.1) })
        }
        #expect(error?.description == reason)
    }

    @Test func `A condition is the same after it was written and read, and does not change the command`() throws {
        let event = ControlEvent.thinCurve(ExperimentID("e-1")!, .rows(10))
        for seen in [nil, ControlCondition.stamp(status: "done", since: nil, updated: "7")] {
            let condition = ControlCondition(until: 5, seen: seen)
            let fields = event.fields + condition.fields
            #expect(try ControlEvent(fields: fields) == event)
            #expect(ControlCondition(fields: fields) == condition)
        }
        #expect(ControlCondition(fields: event.fields) == nil)
    }

    @Test(arguments: [
        (["experiment": "e-1", "until": "soon"], "the field 'until' must be a time in Unix milliseconds, not 'soon'"),
        (["experiment": "e-1", "seen": "done - 7"], "the field 'seen' needs the field 'until'"),
        (["battery": "b", "until": "7"], "the field 'until' is not allowed in an event 'delete'"),
    ])
    func `A deletion with an invalid condition is rejected`(_ fields: [String: String], _ reason: String) {
        let error = #expect(throws: Rejection.self) {
            try ControlEvent(fields: [("event", "delete")] + fields.map { (name: $0.key, value: $0.value) })
        }
        #expect(error?.description == reason)
    }

    @Test(arguments: [
        (["battery": "b"], "the field 'battery' is not allowed in an event 'thin'"),
        (["rows": "20"], "an event 'thin' must have the field 'experiment'"),
        (["experiment": "E 1"], "the field 'experiment' must be an id, not 'E 1'"),
        (["experiment": "e-1", "rows": "9"], "the field 'rows' must be between 10 and 10000, not '9'"),
    ])
    func `A command that thins no curve is rejected with its reason`(_ fields: [String: String], _ reason: String) {
        let error = #expect(throws: Rejection.self) {
            try ControlEvent(fields: [("event", "thin")] + fields.map { (name: $0.key, value: $0.value) })
        }
        #expect(error?.description == reason)
    }
}
