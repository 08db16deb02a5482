extension Fixture {
    /// Writes two versions of a battery with five experiments of four producers, including rare kinds of values.
    static func digits(partitions: Int = 1) throws -> Fixture {
        let fixture = try Fixture(partitions: partitions)
        let first = fixture.battery("Digits", version: 1, description: "first try")
        let second = fixture.battery("Digits", version: 2, description: "fixed bug in Sequencer")
        fixture.experiment(
            "aaaaaaaaaa-1", of: first, maxima: ["train": "0.95", "valid": "0.9", "test": "0.89"], epoch: 17,
            params: ["lr": "0.01", "layers": "[64,128]", "lr decay": "linear"],
            meta: ["dataset": "mnist, \"small\""])
        fixture.experiment(
            "aaaaaaaaaa-2", of: first, maxima: ["train": "0.5", "valid": "0.25", "test": "nan"], epoch: 3,
            params: ["lr": "0.0031622776601683794", "lr decay": "\"0.8\""], status: "failed")
        fixture.experiment(
            "bbbbbbbbbb-1", of: second, maxima: ["train": "0.99", "valid": "0.9375", "test": "0.93"], epoch: nil,
            params: ["lr": "0.1", "lr decay": "adaptive", "saturate": "true"], status: "running",
            more: ["host": "node17", "updated": future])
        fixture.experiment("cccccccccc-1", of: second, maxima: ["valid": "0.9"], params: ["lr": "1e-05"])
        fixture.experiment("dddddddddd-1", of: second, status: "stopped")
        try fixture.commit()
        return fixture
    }
}
