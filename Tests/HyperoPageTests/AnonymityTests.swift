import HyperoPage
import HyperoQuery
import Testing

/// The page that tells nothing of machines and people.
@Suite struct AnonymityTests {
    private func names(_ report: BatteryReport) -> [String] { report.columns.map(\.name) }

    @Test func `Hosts, processes, and columns named after users and paths are left out`() {
        let telling = [
            "meta.host", "meta.hostName", "meta.data_dir", "meta.USER", "meta.user-name", "meta.checkpointPath",
        ]
        let harmless = ["param.hosted", "param.lr", "meta.dataset", "param.direction", "param.filters"]
        let columns = (telling + harmless).map { name in
            BatteryReport.Column(name: name, kind: name.hasPrefix("param") ? .param : .meta, values: ["x"])
        }
        let own = ["host", "pid"].map { BatteryReport.Column(name: $0, kind: .attribute, values: ["node7"]) }
        let anonymous = report(["1"], columns: columns + own).anonymous
        #expect(names(anonymous) == ["id", "status", "started", "rank", "max.valid"] + harmless)
        #expect(!page(anonymous).contains("node7"))
    }

    @Test func `What repeats the best is the same on an anonymous page, and numbers named after places stay`() {
        let columns = [
            BatteryReport.Column(name: "param.data_dir", kind: .param, values: ["/a/x", "/a/y", "/a/x", "/a/y"]),
            BatteryReport.Column(name: "param.init", kind: .param, values: ["~/i", "~/i", "~/i", "/k/k"]),
            BatteryReport.Column(name: "param.drop_path", kind: .param, values: ["0.1", "0.1", "0.1", "0.2"]),
            BatteryReport.Column(name: "param.users", kind: .param, values: ["1", "1", "1", "2"]),
        ]
        let own = report(["0.9", "0.8", "0.7", "0.6"], columns: columns)
        let anonymous = own.anonymous
        #expect(names(anonymous).suffix(4) == ["param.hidden 1", "param.init", "param.drop_path", "param.hidden 2"])
        #expect(anonymous.columns.suffix(4).map(\.values).first == ["…", "… (2)", "…", "… (2)"])
        #expect(page(own).contains("1 other training of these hyper-parameters: 0.7."))
        #expect(page(anonymous).contains("1 other training of these hyper-parameters: 0.7."))
        #expect(!page(anonymous).contains("data_dir"))
    }

    @Test func `The condition is not named, also in the sentences about the importance`() throws {
        var own = report(["0.9"])
        own.total = 7
        own.filter = try Filter("host = 'node7'")
        #expect(page(own).contains("1 experiment: 1 done (of 7; with host = &#39;node7&#39;)"))
        let anonymous = page(own.anonymous)
        #expect(anonymous.contains("1 experiment: 1 done (of 7; of a selection)"))
        #expect(!anonymous.contains("node7"))
        var empty = report([])
        empty.filter = own.filter
        #expect(page(empty).contains("No experiment fulfils host = &#39;node7&#39;."))
        #expect(page(empty.anonymous).contains("The selection has no experiments."))
        #expect(!page(empty.anonymous).contains("node7"))
    }

    @Test(arguments: [
        ("cannot open /home/ada/data/x.csv: no such file", "cannot open …: no such file"),
        ("File \"/srv/a.py\", line 3", "File \"…\", line 3"),
        ("see https://wiki.example/x (ada@lab.example)", "see … (…)"),
        ("a/b/c and ~ada/x", "… and …"), ("C:\\Users\\ada", "…"), ("lr/decay = 1/2", "lr/decay = 1/2"), ("", ""),
    ])
    func `Paths, addresses and URLs are left out of texts`(text: String, expected: String) {
        let reason = BatteryReport.Column(name: "reason", kind: .attribute, values: [text])
        var report = report(["1"], columns: [reason])
        report.description = text
        #expect(report.anonymous.columns.last?.values == [expected])
        #expect(report.anonymous.description == expected)
    }
}
