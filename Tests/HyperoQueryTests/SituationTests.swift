import HyperoCore
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// The text that every command prints for batteries in which something is missing.
///
/// To print the whole table: `HYPERO_PRINT_SITUATIONS=1 swift test --filter SituationTests`.
@Suite struct SituationTests {
    enum Situation: String, CaseIterable, Sendable {
        case empty, withoutObjective, allNaN, valuesDeleted, oneLost, oneDeleted

        /// The text of `rank net`, `experiments net`, `batteries` and `show a-1`, one after the other.
        var expected: String {
            switch self {
            case .empty: emptyText
            case .withoutObjective: withoutObjectiveText
            case .allNaN: allNaNText
            case .valuesDeleted: valuesDeletedText
            case .oneLost: oneLostText
            case .oneDeleted: oneDeletedText
            }
        }
    }

    private static let day: Int64 = 86_400_000

    private func fixture(_ situation: Situation) throws -> Fixture {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        let now = Fixture.noon
        switch situation {
        case .empty: break
        case .withoutObjective:
            fixture.experiment("a-1", of: battery, params: ["lr": "0.1"], more: ["epochs": "2"], curve: [2: "loss=0.5"])
        case .allNaN:
            fixture.experiment(
                "a-1", of: battery, params: ["lr": "0.1"], more: ["epochs": "1", "nonfinite": "1"],
                curve: [1: "valid=nan"])
        case .valuesDeleted:
            // The only experiment that had logged the objective was deleted. The names of its columns remain.
            fixture.experiment("b-1", of: battery, curve: [1: "loss=0.5"])
            fixture.write("ZADD", fixture.keyspaces[0].columns(of: battery), "1", "curve.valid", "1", "max.valid")
            fixture.write("ZADD", fixture.keyspaces[0].deleted, "\(now)", "a-1")
        case .oneLost:
            fixture.experiment(
                "a-1", of: battery, maxima: ["valid": "0.9"], epoch: 1, status: "running",
                more: ["updated": "\(now - 3 * Self.day)", "epochs": "1"], curve: [1: "valid=0.9"])
            fixture.experiment(
                "b-1", of: battery, maxima: ["valid": "0.8"], epoch: 1, status: "running",
                more: ["updated": "\(now - 5_000)", "epochs": "1"], started: now + 1)
        case .oneDeleted:
            // Deleted by the ingest: no key has a-1 any more.
            fixture.experiment("b-1", of: battery, maxima: ["valid": "0.8"], epoch: 1, started: now + 1)
            fixture.write("ZADD", fixture.keyspaces[0].deleted, "\(now)", "a-1")
        }
        try fixture.commit()
        return fixture
    }

    @Test(arguments: Situation.allCases)
    func `Every command says what is missing`(situation: Situation) throws {
        let fixture = try fixture(situation)
        let store = try fixture.store()
        func text(_ result: some Rendering) -> String { result.text(as: .table, for: Display(), now: Fixture.noon) }
        var texts = [text(try store.leaderboard(of: "net")), text(try store.experiments(of: "net"))]
        texts.append(text(try store.batteries()))
        do {
            texts.append(text(try store.experiment("a-1")))
        } catch {
            texts.append("\(error)\n")
        }
        let all = texts.joined(separator: "--\n")
        if ProcessEnvironment.value(of: "HYPERO_PRINT_SITUATIONS") != nil { print("== \(situation)\n\(all)") }
        // Dates are in the time zone of the test.
        let expected = [
            "2025-11-23 12:00:00": Fixture.noon, "2025-11-23 12:12:34": Fixture.noon + 754_000,
            "2025-11-20 12:00:00": Fixture.noon - 3 * Self.day,
        ].reduce(situation.expected) { $0.replacing($1.key, with: dateText($1.value)) }
        #expect(all == expected)
    }
}

private let emptyText = """
    net, version 1: best first by valid (highest, the objective), 0 of 0 ranked

    the battery has no experiments: none has started yet, or all were deleted
    --
    net, version 1: newest first, 0 of 0 experiments

    the battery has no experiments: none has started yet, or all were deleted
    --
    name  version  description  experiments  best  by           updated  id
    net         1  -                      0     -  valid (max)      now  net.v1.e99e5852
    --
    experiment not found: 'a-1', no id has this prefix

    """

private let withoutObjectiveText = """
    net, version 1: best first by valid (highest, the objective), 0 of 1 ranked

    no experiment has logged 'valid', the objective. Logged instead: loss
    --
    net, version 1: newest first, 1 of 1 experiment

    experiment  status  valid  epoch  epochs  started  reason  host
    a-1         done        -      -       2      now  -       -
    --
    name  version  description  experiments  best  by           updated  id
    net         1  -                      1     -  valid (max)      now  net.v1.e99e5852
    --
    a-1  done

    battery   net, version 1
    started   2025-11-23 12:00:00
    updated   2025-11-23 12:12:34
    duration  12 min 34 s
    epochs    2

    maxima: none, because 'valid', the objective, has no finite value

    params
    lr  0.1

    learning curves
    channel  first  last  lowest  highest
    loss       0.5   0.5     0.5      0.5

    """

private let allNaNText = """
    net, version 1: best first by valid (highest, the objective), 0 of 1 ranked

    no experiment has a finite value of 'valid', the objective, only nan or infinite ones
    --
    net, version 1: newest first, 1 of 1 experiment

    experiment  status  valid  epoch  epochs  started  reason  host
    a-1         done        -      -       1      now  -       -
    --
    name  version  description  experiments  best  by           updated  id
    net         1  -                      1     -  valid (max)      now  net.v1.e99e5852
    --
    a-1  done

    battery    net, version 1
    started    2025-11-23 12:00:00
    updated    2025-11-23 12:12:34
    duration   12 min 34 s
    epochs     1
    nonfinite  1 value was nan or infinite

    maxima: none, because 'valid', the objective, has no finite value

    params
    lr  0.1

    learning curves
    channel  first  last  lowest  highest
    valid      nan   nan       -        -

    """

private let valuesDeletedText = """
    net, version 1: best first by valid (highest, the objective), 0 of 1 ranked

    no experiment has a finite value of 'valid', the objective. The logged ones are nan or infinite, were deleted or \
    were withdrawn. Other channels: loss
    --
    net, version 1: newest first, 1 of 1 experiment

    experiment  status  valid  epoch  epochs  started  reason  host
    b-1         done        -      -       -      now  -       -
    --
    name  version  description  experiments  best  by           updated  id
    net         1  -                      1     -  valid (max)      now  net.v1.e99e5852
    --
    experiment not found: 'a-1', it was deleted at 2025-11-23 12:00:00

    """

private let oneLostText = """
    net, version 1: best first by valid (highest, the objective), 2 of 2 ranked

    #  experiment  valid  epoch  status
    1  a-1           0.9      1  lost (3 d ago)
    2  b-1           0.8      1  running (5 s ago)
    --
    net, version 1: newest first, 2 of 2 experiments

    experiment  status             valid  epoch  epochs  started  reason  host
    b-1         running (5 s ago)    0.8      1       1      now  -       -
    a-1         lost (3 d ago)       0.9      1       1      now  -       -
    --
    name  version  description  experiments        best  by           updated  id
    net         1  -                      2  0.9 (lost)  valid (max)      now  net.v1.e99e5852
    --
    a-1  lost (3 d ago)

    battery   net, version 1
    started   2025-11-23 12:00:00
    updated   2025-11-20 12:00:00
    duration  0 ms
    epochs    1

    maxima at epoch 1
    valid  0.9

    learning curves
    channel  first  last  lowest  highest
    valid      0.9   0.9     0.9      0.9

    """

private let oneDeletedText = """
    net, version 1: best first by valid (highest, the objective), 1 of 1 ranked

    #  experiment  valid  epoch  status
    1  b-1           0.8      1  done
    --
    net, version 1: newest first, 1 of 1 experiment

    experiment  status  valid  epoch  epochs  started  reason  host
    b-1         done      0.8      1       -      now  -       -
    --
    name  version  description  experiments  best  by           updated  id
    net         1  -                      1   0.8  valid (max)      now  net.v1.e99e5852
    --
    experiment not found: 'a-1', it was deleted at 2025-11-23 12:00:00

    """
