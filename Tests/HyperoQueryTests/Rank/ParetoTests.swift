import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// `rank --pareto`: the experiments to which no other one is preferable by all criteria.
@Suite struct ParetoTests {
    @Test(
        arguments: [
            ([], []),
            ([[]], []),
            // One criterion: the lowest, and its equals.
            ([[2], [1], [3], [1]], [1, 3]),
            // Two: none of the front is better by both. Equal points are both on it.
            ([[1, 3], [2, 2], [3, 1], [2, 3], [3, 3]], [0, 1, 2]),
            ([[1, 1], [1, 1], [1, 2], [2, 1]], [0, 1]),
            ([[1, 2], [1, 1]], [1]),
            ([[0, -0.0], [-0.0, 0]], [0, 1]),
            // A point with a number that is not finite is never on the front.
            ([[.nan, 0], [5, 5], [-.infinity, 1]], [1]),
            ([[.nan], [.nan]], []),
            // Three.
            ([[1, 2, 3], [3, 2, 1], [2, 2, 2], [2, 2, 3], [1, 2, 3]], [0, 1, 2, 4]),
            ([[1, 1, 1], [0, 5, 5], [1, 1, 2]], [0, 1]),
        ] as [([[Double]], [Int])])
    func `The front has the points that no other point dominates`(points: [[Double]], front: [Int]) {
        #expect(ParetoFront.indexes(of: points) == front)
    }

    @Test(arguments: [1, 2, 3, 4, 5], [0, 1, 3, 1_000])
    func `The front of many points is that of the definition`(dimension: Int, spread: Int) {
        var generator = SystemRandomNumberGenerator()
        for count in [1, 2, 17, 400] {
            // Few different numbers, so that many points and coordinates are equal. The last one is near the negative sum of the
            // others: without a distance from it, all points are on the front.
            let points = (0..<count).map { _ in
                var point = (0..<dimension - 1).map { _ in Double(Int.random(in: 0..<9, using: &generator)) }
                point.append(Double(Int.random(in: 0...spread, using: &generator)) - point.reduce(0, +))
                return point
            }
            let expected = points.indices.filter { index in
                !points.contains { other in
                    other != points[index] && zip(other, points[index]).allSatisfy { $0 <= $1 }
                }
            }
            #expect(ParetoFront.indexes(of: points) == expected)
        }
    }

    private static func fixture() throws -> Fixture {
        let fixture = try Fixture()
        let battery = fixture.battery("net", more: ["direction.speed": "max", "direction.size": "min"])
        let rows = [
            ("a-1", "0.9", "3", "10"), ("b-1", "0.8", "2", "20"), ("c-1", "0.7", "2", "30"), ("d-1", "0.6", "1", "40"),
            ("e-1", "0.9", "3", "5"), ("f-1", "0.95", "word", "50"), ("g-1", "0.5", "nan", "60"),
        ]
        for (id, value, depth, speed) in rows {
            fixture.experiment(
                id, of: battery, maxima: ["valid": value, "speed": speed, "val_loss": "1", "size": speed],
                params: ["depth": depth])
        }
        fixture.experiment("h-1", of: battery, maxima: ["valid": "0.99"])
        fixture.experiment("i-1", of: battery, maxima: ["speed": "99"], params: ["depth": "0"])
        try fixture.commit()
        return fixture
    }

    @Test func `The front is a table, JSON and CSV of experiments with their ranks in the whole battery`() throws {
        let fixture = try Self.fixture()
        let options = ["rank", "net", "--pareto", "valid:max,depth:min"]
        let table = try fixture.output(options)
        #expect(
            table
                == """
                net, version 1: Pareto front of valid (highest), depth (lowest): 4 experiments, 8 of 9 ranked

                #  experiment  valid  epoch  status  depth  size  speed  val_loss
                3  e-1           0.9      7  done        3     5      5         1
                3  a-1           0.9      7  done        3    10     10         1
                5  b-1           0.8      7  done        2    20     20         1
                7  d-1           0.6      7  done        1    40     40         1

                3 of 8 ranked experiments have no finite number of 'depth' and are not on the front
                1 of 9 experiments has no finite 'valid' and no rank. List with hypero-query experiments net --unranked

                """)
        let json = try fixture.output(
            options + ["--sort", "depth", "--limit", "1", "--columns", "max.speed", "--format", "json"])
        #expect(
            json
                == """
                {"rank":7,"experiment":"d-1","battery":"\(BatteryID(name: "net", version: 1, description: "").text)","name":"net",\
                "version":1,"value":0.6,"status":"done","epoch":7,"last_seen":1763899954000,"maxima":{"speed":40},"params":{},\
                "meta":{},"front":true}

                """)
        #expect(
            try fixture.output(options + ["--limit", "3"]).contains("\n4 experiments (3 shown), 9 columns\n"))
    }

    @Test(arguments: [
        // The objective has its declared direction.
        ("valid", "h-1"), ("value:max", "h-1"), ("max.valid", "h-1"),
        // Another channel has the declared one, else the one of its name.
        ("speed", "g-1"), ("size", "e-1"), ("val_loss", "f-1 e-1 a-1 b-1 c-1 d-1 g-1"),
        ("valid,speed", "f-1 g-1"), ("size,valid:max", "e-1 f-1"),
        ("valid:min,depth:max", "a-1 c-1 d-1 e-1"), ("depth:min,speed:min,valid", "d-1 b-1 e-1"),
    ])
    func `A criterion without a direction has that of its channel`(criteria: String, ids: String) throws {
        let text = try Self.fixture().output(["rank", "net", "--pareto", criteria, "--format", "csv"])
        let found = text.split(whereSeparator: \.isNewline).dropFirst().map { $0.split(separator: ",")[1] }
        #expect(found.sorted() == ids.split(separator: " ").sorted())
    }

    @Test(arguments: [
        ("depth", 64, "the better direction of 'depth' is not known. Write depth:max or depth:min\n"),
        ("rank", 64, "the better direction of 'rank' is not known. Write rank:max or rank:min\n"),
        (
            "valid:best", 3,
            "column not found: 'valid:best'. Available: 'size', 'speed', 'val_loss', 'valid', 'depth' and 14 more. A "
                + "criterion ends with :max or :min, for example --pareto 'valid:max'\n"
        ),
        (":max", 3, "column not found: ':max'."),
        (" , ", 64, "--pareto needs a name, for example --pareto valid:max,depth:min\n"),
    ])
    func `A criterion without a known direction or column is refused`(
        criteria: String, status: Int32, message: String
    ) throws {
        let outcome = try Self.fixture().query("rank", "net", "--pareto", criteria)
        #expect(outcome.ending == .exited(status))
        #expect(outcome.stderr.hasPrefix("hypero-query: \(message)"), "\(outcome.stderr)")
    }

    @Test func `A front without points is an empty result`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.experiment("a-1", of: battery, maxima: ["valid": "1", "aux": "nan"])
        try fixture.commit()
        #expect(
            try fixture.output(["rank", "net", "--pareto", "valid,aux:max"])
                == """
                net, version 1: Pareto front of valid (highest), aux (highest): 0 experiments, 1 of 1 ranked

                1 of 1 ranked experiment has no finite number of 'aux' and is not on the front

                """)
    }

    @Test func `Each criterion counts the experiments that have no number of it, among those of the condition`() throws
    {
        let fixture = try Self.fixture()
        let outcome = try fixture.query(
            "rank", "net", "--pareto", "valid,depth:min,speed", "--where", "valid < 0.96", "--format", "json")
        #expect(
            outcome.stderr
                == """
                hypero-query: note: 2 of 7 ranked experiments with valid < 0.96 have no finite number of 'depth' and are not on the \
                front
                hypero-query: note: 1 of 9 experiments has no finite 'valid' and no rank. List with hypero-query experiments net \
                --unranked

                """)
        let none = try fixture.query("rank", "net", "--pareto", "valid:min,size:min", "--status", "failed")
        #expect(none.succeeded && !none.stdout.contains("not on the front"))
    }

    @Test(arguments: [
        "valid:maximize,depth:minimize", "valid,params.depth:min", "metrics.valid:max,config.depth:minimise",
    ])
    func `A criterion has the words and prefixes of other programs`(criteria: String) throws {
        let fixture = try Self.fixture()
        let text = try fixture.output(["rank", "net", "--pareto", criteria, "--format", "csv"])
        #expect(text == (try fixture.output(["rank", "net", "--pareto", "valid:max,depth:min", "--format", "csv"])))
        #expect(text.split(separator: "\r\n").count == 5)
    }

    @Test func `The duration of a training is a criterion, of which the lowest is better`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        // The latest event is 754 s after noon.
        fixture.experiment("a-1", of: battery, maxima: ["valid": "0.9"], started: Fixture.noon + 4_000)
        fixture.experiment("b-1", of: battery, maxima: ["valid": "0.8"], started: Fixture.noon + 54_000)
        fixture.experiment("c-1", of: battery, maxima: ["valid": "0.7"], started: Fixture.noon + 44_000)
        try fixture.commit()
        #expect(
            try fixture.output(["rank", "net", "--pareto", "valid,duration", "--columns", "status"])
                == """
                net, version 1: Pareto front of valid (highest), duration (lowest): 2 experiments, 3 of 3 ranked

                #  experiment  valid  status     duration
                1  a-1           0.9  done    12 min 30 s
                2  b-1           0.8  done    11 min 40 s

                """)
        #expect(
            try fixture.output(["rank", "net", "--sort", "-duration", "--columns", "duration", "--format", "csv"])
                .split(separator: "\r\n").map { "\($0.split(separator: ",")[1]) \($0.split(separator: ",").last!)" }
                == ["experiment duration", "a-1 750", "c-1 710", "b-1 700"])
        for (sort, ids) in [("age", "b-1 c-1 a-1"), ("-age", "a-1 c-1 b-1"), ("idle,-value", "a-1 b-1 c-1")] {
            let text = try fixture.output(["rank", "net", "--sort", sort, "--format", "csv"])
            let found = text.split(separator: "\r\n").dropFirst().map { String($0.split(separator: ",")[1]) }
            #expect(found.joined(separator: " ") == ids)
        }
    }

    @Test(arguments: [["--pareto", "valid"], ["--pareto", "valid:max,size:min"], ["--sort", "lr,valid"]])
    func `A battery without values has an empty front and an empty order`(options: [String]) throws {
        let fixture = try Fixture()
        fixture.battery("young")
        let failed = fixture.battery("failed")
        fixture.experiment("a-1", of: failed, params: ["lr": "1", "size": "2"], status: "failed")
        try fixture.commit()
        for name in ["young", "failed"] {
            let outcome = try fixture.query("rank", [name] + options)
            #expect(
                outcome.succeeded && outcome.stdout.contains("of \(name == "young" ? 0 : 1) ranked"),
                "\(outcome.stderr)")
        }
    }
}
