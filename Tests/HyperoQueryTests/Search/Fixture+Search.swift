import HyperoSchema
import HyperoSearch

extension Fixture {
    /// A hyper-parameter with its distribution. Every nth trial has it.
    struct SearchParameter {
        let name: String
        let distribution: Distribution
        var every = 1
    }

    static let space: [SearchParameter] = [
        SearchParameter(name: "lr", distribution: .logUniform(low: 1e-5, high: 0.1)),
        SearchParameter(name: "depth", distribution: .randint(low: 1, high: 7)),
        SearchParameter(
            name: "opt", distribution: .categorical(choices: [.string("sgd"), .string("adam")], weights: nil)),
        SearchParameter(name: "momentum", distribution: .uniform(low: 0, high: 0.99), every: 2),
    ]

    /// Returns the partition of a search.
    func keyspace(of search: SearchID) -> Keyspace {
        keyspaces[Keyspace.partition(of: search, among: partitions)]
    }

    /// Writes a search, and trials that a sampler has suggested one after the other. Each has an entry of the history when it begins and
    /// when it ends, with the ids `<2 number>-0` and `<2 number + 1>-0`.
    ///
    /// - Parameters:
    ///   - count: the number of trials that have ended. The experiment of the last one has a hash.
    ///   - knowledge: the number of trials that a trial knows.
    @discardableResult
    func search(
        _ text: String, of battery: BatteryID, name: String = "search", seed: UInt64 = 1, sampler: String? = "tpe",
        trials: Int, sampled count: Int = 0, knowledge: (Int) -> Int = { $0 - 1 },
        more: KeyValuePairs<String, String> = [:]
    ) -> SearchID {
        let id = SearchID(text)!
        let keyspace = keyspace(of: id)
        write("ZADD", keyspace.searches(of: battery), "\(Self.noon + Int64(seed % 1_000))", text)
        var fields = ["battery", battery.text, "name", name, "seed", "\(seed)", "trials", "\(trials)", "attempts", "3"]
        fields += ["lease", "600000", "created", "\(Self.noon + Int64(seed % 1_000))", "next", "\(count + 1)"]
        if let sampler { fields += ["sampler", sampler] }
        if count > 0 { fields += ["ended", "\(count)"] }
        for parameter in Self.space { fields += [Prefix.space + parameter.name, parameter.distribution.text] }
        write(["HSET", keyspace.search(id)] + fields)
        for (name, value) in more { write("HSET", keyspace.search(id), name, value) }
        var ended: [PastTrial] = []
        for number in 1...max(count, 1) where number <= count {
            let known = min(max(knowledge(number), 0), ended.count)
            let params = params(ofTrial: number, seed: seed, sampler: sampler, knowing: ended.prefix(known))
            var fields: [String] = []
            for param in params { fields += [Prefix.param + param.name, param.text] }
            let value = Double(number * 7_919 % 1_009) / 1_009
            trial(number, of: id, at: 2 * number, status: "running", more: fields)
            trial(number, of: id, at: 2 * number + 1, value: "\(value)", epoch: 3, last: 9, more: fields)
            let parameters = params.map { PastTrial.Parameter($0.name, $0.distribution, $0.value) }
            ended.append(PastTrial(number: number, .finished(value: value), parameters))
            guard number == count else { continue }
            fields += ["battery", battery.text, "status", "done", "updated", "\(Self.noon)", "attempt", "1"]
            fields += ["asof", known == 0 ? "0-0" : "\(2 * known + 1)-0"]
            write(["HSET", keyspace.experiment(id.experiment(ofTrial: number))] + fields)
        }
        return id
    }

    private func params(
        ofTrial number: Int, seed: UInt64, sampler: String?, knowing trials: ArraySlice<PastTrial>
    ) -> [(name: String, distribution: Distribution, value: DrawnValue, text: String)] {
        var history = SearchHistory(direction: .max)
        for trial in trials { history.record(trial) }
        let tpe = TPESampler(seed: seed, trial: UInt64(number), history: history)
        let prior = PriorSampler(seed: seed, trial: UInt64(number))
        return Self.space.filter { number % $0.every == 0 }.map { parameter in
            let (name, distribution) = (parameter.name, parameter.distribution)
            let value =
                sampler == "tpe" ? tpe.value(of: name, from: distribution) : prior.value(of: name, from: distribution)
            let text: String
            switch (value, distribution) {
            case (.number(let number), _): text = Number.text(of: number)
            case (.integer(let integer), _): text = String(integer)
            case (.choice(let index), .categorical(let choices, _)): text = choices[index].text
            default: text = ""
            }
            return (name, distribution, value, text)
        }
    }

    /// Writes an entry of the history of a search.
    ///
    /// - Parameter time: the first part of the id of the entry.
    func trial(
        _ number: Int, of search: SearchID, at time: Int, status: String = "done", value: String? = nil,
        epoch: Int? = nil, last: Int? = nil, more: [String] = []
    ) {
        var words = [
            "XADD", keyspace(of: search).trials(of: search), "\(time)-0", "trial", "\(number)", "attempt", "1",
        ]
        words += ["status", status]
        if let value { words += ["value", value] }
        if let epoch { words += ["epoch", "\(epoch)"] }
        if let last { words += ["last", "\(last)"] }
        write(words + more)
    }
}
