import HyperoSchema

extension SearchList: Rendering {
    /// The number of improvements that a table has, the latest ones.
    private static let maxImprovements = 20

    package func writeTable(to page: inout Page) {
        guard searches.count != 1 else {
            searches[0].writeTable(to: &page, improvements: Self.maxImprovements)
            return page.write(notes)
        }
        page.paragraph([
            Page.Span(searches.first?.batteryName ?? subject, style: .bold),
            Page.Span(": \(counted(searches.count, noun: "search", plural: "searches"))", style: .dim),
        ])
        if !searches.isEmpty {
            page.line()
            table.writeWithFooter(to: &page)
        }
        page.write(notes)
    }

    private var table: Table {
        let hasVersions = Set(searches.map(\.batteryVersion)).count > 1
        var table = Table(
            columns: [Table.Column(title: "id", truncation: .never, isRequired: true)]
                + (hasVersions ? [Table.Column(title: "version", isNumeric: true)] : [])
                + [Table.Column(title: "name", leastWidth: 12), Table.Column(title: "seed", isNumeric: true)]
                + [Table.Column(title: "sampler")]
                + ["trials", "given out", "running", "ended", "best"].map { Table.Column(title: $0, isNumeric: true) })
        let best = numberTexts(searches.map { $0.best?.number })
        table.rows = zip(searches, best).map { search, best in
            [Table.Cell(search.id, style: .bold)]
                + (hasVersions ? [Table.Cell(search.batteryVersion.map { String($0) })] : [])
                + [
                    Table.Cell(search.name), Table.Cell(search.seed), Table.Cell(search.sampler),
                    Table.Cell(String(search.trialCount)), Table.Cell(String(search.givenCount)),
                    Table.Cell(String(search.runningCount)), Table.Cell(String(search.endedCount)), Table.Cell(best),
                ]
        }
        return table
    }

    package var notes: [Note] {
        guard !searches.isEmpty else {
            return [Note(topic: .noSearches, text: "the battery has no searches: no program has declared one")]
        }
        return searches.compactMap { search in
            search.historyRemark.map { remark in
                Note(topic: .searchHistory, text: searches.count == 1 ? remark : "search '\(search.id)': \(remark)")
            }
        }
    }

    /// Writes one object per search.
    package func writeJSON(to page: inout Page) {
        for search in searches { page.line(search.json()) }
    }

    /// Writes one record per search, without rungs and improvements.
    package func writeCSV(to page: inout Page) {
        CSV.write(SearchReport.csvTitles, to: &page)
        for search in searches { CSV.write(search.csvFields, to: &page) }
    }
}

extension SearchReport {
    /// The remark about ended trials that the history lacks; nil if it has all.
    package var historyRemark: String? {
        guard historyCount < endedCount else { return nil }
        return
            "the history has \(historyCount) of \(counted(endedCount, noun: "ended trial")): the numbers of done, stopped and failed "
            + "ones, the epochs and the best are of these"
    }

    /// The facts about the search, for people.
    package var facts: [(name: String, value: String)] {
        let all: [(String, String?)] = [
            ("seed", seed), ("sampler", sampler), ("trials", trialsText),
            ("ended", "\(endedCount)" + endsText),
            (
                "refused",
                refusedCount > 0 ? "\(counted(refusedCount, noun: "end")) of processes that had lost their trial" : nil
            ),
            ("points", pointCount > 0 ? "\(givenPointCount) of \(pointCount) given out" : nil),
            ("stopping", ruleText), ("saved", savedText), ("epochs", epochs > 0 ? "\(epochs) of ended trials" : nil),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }

    /// The numbers of trials: `200: 150 given out, 8 running, 1 not started, 1 lost`.
    private var trialsText: String {
        let parts = [(runningCount, "running"), (unstartedCount, "not started"), (lostCount, "lost")].filter {
            $0.0 > 0
        }
        return (["\(trialCount): \(givenCount) given out"] + parts.map { "\($0) \($1)" }).joined(separator: ", ")
    }

    /// The numbers of ended trials: `: 60 done, 78 stopped, 2 failed`.
    private var endsText: String {
        let parts = [(doneCount, "done"), (stoppedCount, "stopped"), (failedCount, "failed")].filter { $0.0 > 0 }
        return parts.isEmpty ? "" : ": " + parts.map { "\($0) \($1)" }.joined(separator: ", ")
    }

    /// The stopping rule: `halving, one of 3 goes on at each rung, 81 epochs`.
    private var ruleText: String? {
        rule.map { rule in
            let share = rule.kind == .halving ? "one of \(rule.factor) goes on" : "the better half goes on"
            let text = "\(rule.kind.rawValue): \(share) at each rung"
            // The rule of a program that does not know its epochs has the highest number.
            return rule.epochs == Limits.stoppingEpochs.upperBound ? text : "\(text), up to \(rule.epochs) epochs"
        }
    }

    /// The rungs that a trial has reached, and the next one.
    package var shownRungs: ArraySlice<Rung> { rungs.prefix((rungs.lastIndex { $0.count > 0 } ?? -1) + 2) }

    private var savedText: String? {
        guard rule != nil, stoppedCount > 0, let share = savedShare else { return nil }
        return
            "\(counted(savedEpochs, noun: "epoch")), \(Int((share * 100).rounded())) % of those that the ended trials would have run"
    }

    func writeTable(to page: inout Page, improvements limit: Int) {
        let declaration = batteryName.map { "\($0), version \(batteryVersion ?? 0)" } ?? battery ?? "no battery"
        page.paragraph([Page.Span(id, style: .bold), Page.Span("  \(name), a search of \(declaration)", style: .dim)])
        page.line()
        page.list(facts)
        writeBest(to: &page)
        if !rungs.isEmpty {
            page.line()
            rungTable.write(to: &page)
        }
        guard !improvements.isEmpty else { return }
        page.line()
        let shown = improvements.suffix(limit)
        var table = Table(
            columns: ["ended", "epochs", objective ?? "value", "trial"].map { Table.Column(title: $0, isNumeric: true) }
        )
        let values = numberTexts(shown.map { Optional($0.number) })
        table.rows = zip(shown, values).map { improvement, value in
            [
                Table.Cell(String(improvement.ended)), Table.Cell(String(improvement.epochs)), Table.Cell(value),
                Table.Cell(String(improvement.trial)),
            ]
        }
        let earlier = improvements.count - shown.count
        page.line([
            Page.Span("best so far", style: .bold),
            Page.Span(earlier > 0 ? ": the latest \(shown.count), after \(earlier) others" : "", style: .dim),
        ])
        table.write(to: &page)
    }

    private func writeBest(to page: inout Page) {
        page.line()
        guard let best else {
            let reason = direction == nil ? "the objective is not known" : "no trial has ended with a finite value"
            return page.line([Page.Span("best", style: .bold), Page.Span(": none, \(reason)", style: .dim)])
        }
        page.line([
            Page.Span("best", style: .bold),
            Page.Span("  \(objective ?? "") \(best.number.text)\(best.epoch.map { " at epoch \($0)" } ?? "")"),
            Page.Span(
                ", trial \(best.trial), \(best.experiment)\(best.status == .stopped ? " (stopped)" : "")", style: .dim),
        ])
        page.list(best.params.map { ($0.name, shownText($0.text)) })
    }

    private var rungTable: Table {
        var table = Table(
            columns: ["rung", "trials", "go on", objective ?? "value"].map { Table.Column(title: $0, isNumeric: true) })
        let rungs = shownRungs
        let values = numberTexts(rungs.map(\.number))
        table.rows = zip(rungs, values).map { rung, value in
            [
                Table.Cell(String(rung.epoch)), Table.Cell(String(rung.count)), Table.Cell(String(rung.kept)),
                Table.Cell(value),
            ]
        }
        return table
    }
}

// The form for programs.
extension SearchReport {
    /// The object of the search: `search battery name version search_name seed sampler objective direction created conflict trials
    /// given_out running not_started lost ended done stopped failed refused points points_given_out stopping rungs epochs saved_epochs
    /// saved_share best improvements`.
    ///
    /// - Parameter limit: the largest number of improvements, the latest ones.
    package func json(improvements limit: Int = .max) -> String {
        var object = JSONObject()
        object.add("search", value: id)
        object.add("battery", value: battery)
        object.add("name", value: batteryName)
        object.add("version", value: batteryVersion)
        object.add("search_name", value: name)
        object.add("seed", value: seed)
        object.add("sampler", value: sampler)
        object.add("objective", value: objective)
        object.add("direction", value: direction?.rawValue)
        object.add("created", value: created)
        object.add("conflict", value: conflict)
        for (key, count) in counts { object.add(key, value: count) }
        object.add("stopping", json: ruleJSON)
        object.add(
            "rungs",
            array: rungs.map { rung in
                var object = JSONObject()
                object.add("epoch", value: rung.epoch)
                object.add("trials", value: rung.count)
                object.add("go_on", value: rung.kept)
                object.add("value", value: rung.number)
                return object.text
            })
        object.add("epochs", value: epochs)
        object.add("saved_epochs", value: rule == nil ? nil : savedEpochs)
        object.add("saved_share", value: rule == nil ? nil : savedShare.map { Number($0) })
        object.add("best", json: best?.json ?? "null")
        object.add(
            "improvements",
            array: improvements.suffix(limit).map { improvement in
                var object = JSONObject()
                object.add("ended", value: improvement.ended)
                object.add("epochs", value: improvement.epochs)
                object.add("value", value: improvement.number)
                object.add("trial", value: improvement.trial)
                return object.text
            })
        return object.text
    }

    private var counts: [(key: String, count: Int)] {
        [
            ("trials", trialCount), ("given_out", givenCount), ("running", runningCount),
            ("not_started", unstartedCount),
            ("lost", lostCount), ("ended", endedCount), ("done", doneCount), ("stopped", stoppedCount),
            ("failed", failedCount), ("refused", refusedCount), ("points", pointCount),
            ("points_given_out", givenPointCount),
        ]
    }

    private var ruleJSON: String {
        guard let rule else { return "null" }
        var object = JSONObject()
        object.add("rule", value: rule.kind.rawValue)
        object.add("epochs", value: rule.epochs)
        object.add("first", value: rule.first)
        object.add("factor", value: rule.factor)
        return object.text
    }

    /// The titles of ``csvFields``.
    static let csvTitles =
        [
            "search", "battery", "name", "version", "search_name", "seed", "sampler", "objective", "direction",
            "created", "conflict",
        ]
        + [
            "trials", "given_out", "running", "not_started", "lost", "ended", "done", "stopped", "failed", "refused",
            "points",
            "points_given_out",
        ] + [
            "stopping", "epochs", "saved_epochs", "saved_share", "best", "best_epoch", "best_trial", "best_experiment",
        ]

    /// The record of the search.
    var csvFields: [String?] {
        [
            id, battery, batteryName, batteryVersion.map { String($0) }, name, seed, sampler, objective,
            direction?.rawValue, created.map { String($0) }, conflict,
        ] + counts.map { String($0.count) } + [
            rule?.kind.rawValue, String(epochs), rule.map { _ in String(savedEpochs) },
            rule == nil ? nil : savedShare.map { Number.text(of: $0) }, best?.number.text,
            best?.epoch.map { String($0) }, best.map { String($0.trial) }, best?.experiment,
        ]
    }
}

extension SearchReport.Trial {
    fileprivate var json: String {
        var object = JSONObject()
        object.add("trial", value: trial)
        object.add("experiment", value: experiment)
        object.add("status", value: status.rawValue)
        object.add("value", value: number)
        object.add("epoch", value: epoch)
        object.add("params", value: params)
        return object.text
    }
}
