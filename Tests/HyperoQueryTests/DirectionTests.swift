import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// The direction in which the values of a channel are better, and the reason that the header states.
@Suite struct DirectionTests {
    @Test(arguments: [
        "loss", "val_loss", "train.error", "valLoss", "MSELoss", "top1err", "Loss/val", "loss1", "WER", "rmse (test)",
        "fid50k", "inference time", "latency_p99", "word-error-rate", "PPL", "train/loss", "test.mse", "latency_ms",
        "loss_per_token", "Loss/test", "time_per_step", "error@5", "logloss", "log_loss", "mape", "cross_entropy",
        "val/cross-entropy", "CrossEntropyLoss", "bpb", "val_bpb", "nll", "bpc", "brier", "brier_score", "smape", "eer",
        "mcd",
        "val_mae", "top-1 error (%)", "time_s", "error_rate", "regret", "loss_ema", "val_cost", "kl", "KL/test",
        "chamfer", "chamfer_distance", "edit_distance", "divergence", "kl_divergence", "risk", "misclassification",
        "misclassification_rate", "violations", "penalty", "bits_per_byte", "bits_per_dim", "free_energy",
        "Wasserstein distance", "power_consumption",
    ])
    func `A name with a word for a loss, an error or a duration is better when lower`(name: String) {
        #expect(Direction.isLowerBetter(named: name))
    }

    @Test(arguments: [
        "accuracy", "valid", "lossless", "timestep", "f1", "uptime", "neg_mean_squared_error", "negLoss", "",
        "fidelity", "terror", "auc", "accuracy_over_time", "time_to_failure", "perplexity_gain", "loss_scale",
        "time_step",
        "error_bars", "loss_weight", "entropy", "inverse_mse", "samples_per_time", "mse/improvement", "score", "rate",
        "ms",
        "per", "error_reduction", "energy", "distance", "neg_cost", "cost_saving", "kl_weight", "bits",
        "risk_adjusted_return",
        "distance_travelled", "bits_per_second", "bits per sec", "penalty_weight", "negative_log_cost",
    ])
    func `Any other name is not`(name: String) {
        #expect(!Direction.isLowerBetter(named: name))
    }

    @Test(arguments: [
        ("energy", true), ("val_energy", true), ("total distance", true), ("deviation", true), ("model_size_mb", true),
        ("time_to_goal", true), ("episode_length", true), ("entropy", true), ("loss", false), ("free_energy", false),
        ("edit_distance", false), ("accuracy", false), ("valid", false), ("neg_energy", false),
        ("accuracy_over_time", false),
        ("cross_entropy", false), ("reward", false), ("", false),
    ])
    func `A name of a quantity that is best when lowest or highest does not tell its direction`(
        name: String, isSo: Bool
    ) {
        #expect(Direction.isAmbiguous(named: name) == isSo)
    }

    @Test(arguments: [
        ([], "best first by valid (highest, the objective)", ["a-1", "b-1"]),
        (["--by", "val_loss"], "best first by val_loss (lowest, by its name)", ["b-1", "a-1"]),
        (["--by", "size"], "best first by size (lowest, as declared)", ["b-1", "a-1"]),
        (["--by", "speed"], "highest speed first (no direction is declared)", ["a-1", "b-1"]),
        (["--by", "val_loss", "--descending"], "highest val_loss first", ["a-1", "b-1"]),
    ])
    func `A ranking follows the declared direction, else the name, and its header says which`(
        options: [String], header: String, ids: [String]
    ) throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net", more: ["direction.size": "min", "direction.valid": "min"])
        fixture.experiment("a-1", of: battery, maxima: ["valid": "2", "val_loss": "2", "size": "2", "speed": "2"])
        fixture.experiment("b-1", of: battery, maxima: ["valid": "1", "val_loss": "1", "size": "1", "speed": "1"])
        try fixture.commit()
        #expect(try fixture.output(["rank", "net"] + options).hasPrefix("net, version 1: \(header), 2 of 2 ranked\n"))
        let lines = try fixture.output(["rank", "net", "--format", "csv"] + options).split(whereSeparator: \.isNewline)
        #expect(lines.dropFirst().map { $0.split(separator: ",")[1] } == ids.map { $0[...] })
    }

    @Test func `Versions that declare different directions of a channel are reported`() throws {
        let fixture = try Fixture()
        for version in [1, 2] {
            let battery = fixture.battery(
                "net", version: version, more: ["direction.size": version == 1 ? "max" : "min"])
            fixture.experiment("a-\(version)", of: battery, maxima: ["size": "\(version)"])
        }
        try fixture.commit()
        let store = try fixture.store()
        #expect(try store.leaderboard(of: "net", by: "size").rows.map(\.experiment) == ["a-1", "a-2"])
        #expect(try store.leaderboard(of: "net", by: "size").versionsDisagree)
        #expect(try !store.leaderboard(of: "net", by: "size", order: .ascending).versionsDisagree)
    }

    @Test(arguments: [["rank", "net"], ["experiments", "net"], ["show", "a-1"], ["batteries"]])
    func `Every query of a battery reports a later declaration that differs, and the way out`(arguments: [String])
        throws
    {
        let fixture = try Fixture()
        let battery = fixture.battery("net", objective: "loss", more: ["conflict": "objective loss min"])
        fixture.battery("other")
        fixture.experiment("a-1", of: battery, maxima: ["loss": "1"])
        try fixture.commit()
        let message =
            "hypero-query: battery 'net' version 1 was declared again with 'objective loss min', which has no effect: the "
            + "first declaration counts, objective loss (max). Declare a new version of the battery to change it\n"
        for format in ["table", "json", "csv"] {
            let outcome = try ChildProcess.run(
                "hypero-query",
                arguments + ["--redis", fixture.server.url, "--namespace", fixture.namespace, "--format", format])
            #expect(outcome.succeeded && outcome.stderr == message, "\(outcome)")
        }
        let other = try fixture.query("rank", "other", "--format", "csv")
        #expect(!other.stderr.contains("declared again"))
    }

    @Test(arguments: [
        ("direction.loss max", "direction of loss min"), ("direction.top 1 err min", "direction of top 1 err max"),
        ("objective loss min", "objective valid (max)"), ("direction.loss", "objective valid (max)"),
    ])
    func `The report of a later declaration names what the first one says of the same channel`(
        conflict: String, first: String
    ) throws {
        let fixture = try Fixture()
        fixture.battery("net", more: ["direction.loss": "min", "direction.top 1 err": "max", "conflict": conflict])
        try fixture.commit()
        let warnings = try fixture.store().batteries().warnings
        #expect(warnings.count == 1 && warnings[0].contains("the first declaration counts, \(first). "), "\(warnings)")
    }
}
