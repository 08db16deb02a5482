import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// The names of columns.
@Suite struct ColumnTests {
    @Test(arguments: [
        ("lr", ["lr"]), (" lr , max.test,,", ["lr", "max.test"]), ("\"a,b\"", ["a,b"]),
        ("x,\"a, \"\"b\"\" \",y", ["x", "a, \"b\" ", "y"]), ("5\"disk", ["5\"disk"]), ("\"lr", ["lr"]), ("", []),
        ("lr decay", ["lr decay"]), (" \"a\" ", ["a"]),
    ])
    func `A list of columns is split at commas outside quotes`(list: String, names: [String]) {
        #expect(ColumnList.names(in: list) == names)
    }

    private func fixture() throws -> Fixture {
        let fixture = try Fixture()
        let battery = fixture.battery("sweep")
        fixture.experiment(
            "e-1", of: battery, maxima: ["valid": "0.5", "size": "3"],
            params: ["seed": "42", "lr": "0.1", "size": "7", "union(pca,ica)__n": "8"], meta: ["size": "big"],
            more: ["seed": "999", "host": "node17", "attempt": "2", "pid": "4711", "epochs": "9"],
            curve: [7: "valid=0.5"])
        try fixture.commit()
        return fixture
    }

    @Test(arguments: [
        // A hyper-parameter wins over hypero's own field of its name.
        (["seed,lr"], ["seed", "lr"], ["42", "0.1"]),
        (["hypero.seed"], ["hypero.seed"], ["999"]),
        (["seed,hypero.seed"], ["param.seed", "hypero.seed"], ["42", "999"]),
        // A name with several meanings shows all of them.
        (["size"], ["param.size", "meta.size", "max.size"], ["7", "big", "3"]),
        (["meta.size"], ["size"], ["big"]),
        (["union(pca,ica)__n"], ["union(pca,ica)__n"], ["8"]),
        (["\"union(pca,ica)__n\",lr"], ["union(pca,ica)__n", "lr"], ["8", "0.1"]),
        (["lr", "host"], ["lr", "host"], ["0.1", "node17"]),
        (
            ["epoch,host,attempt,pid,epochs,source"], ["epoch", "host", "attempt", "pid", "epochs", "source"],
            ["7", "node17", "2", "4711", "9", "curve"]
        ),
        // No column twice.
        (["lr,param.lr,valid,lr"], ["lr"], ["0.1"]),
    ])
    func `A name denotes what a program logged, else a field of every experiment, and no column is shown twice`(
        lists: [String], titles: [String], cells: [String]
    ) throws {
        let options = lists.flatMap { ["--columns", $0.contains("(") && !$0.contains("\"") ? "\"\($0)\"" : $0] }
        let text = try fixture().output(["rank", "sweep"] + options)
        let lines = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(lines[1] == ["#", "experiment", "valid"] + titles)
        #expect(lines[2] == ["1", "e-1", "0.5"] + cells)
    }

    @Test func `The error for a part of a name with commas says how to write the name`() throws {
        #expect(
            try fixture().query("rank", "sweep", "--columns", "union(pca,ica)__n").stderr
                == "hypero-query: column not found: 'union(pca'. Did you mean 'union(pca,ica)__n'? A name with a comma needs "
                + "double quotes within the option: '\"a,b\"'\n")
    }

    @Test func `CSV has each column once`() throws {
        let fixture = try fixture()
        let arguments = ["rank", "sweep", "--format", "csv", "--columns", "epoch,status,lr,battery,lr,valid"]
        #expect(
            try fixture.output(arguments).split(whereSeparator: \.isNewline)[0]
                == "rank,experiment,battery,name,version,value,status,epoch,last_seen,param.lr,max.valid")
        let outcome = try fixture.query("rank", "sweep", "--format", "json", "--columns", "epoch,status,pid")
        #expect(outcome.stderr.contains("columns not in JSON: pid, its objects"))
    }

    @Test func `A channel that is only in the curves is not a column`() throws {
        let fixture = try fixture()
        fixture.write("ZADD", fixture.keyspaces[0].columns(of: .init("sweep.v1.d0d6b35a")!), "1", "curve.extra")
        try fixture.commit()
        for name in ["curve.extra", "extra", "max.extra"] {
            let outcome = try fixture.query("rank", "sweep", "--columns", name)
            #expect(outcome.ending == .exited(3))
            #expect(
                outcome.stderr
                    == "hypero-query: column not found: '\(name)', no experiment has this channel at its best epoch. "
                    + "Rank by it with --by extra of hypero-query rank, or see its curves with hypero-query show\n")
        }
    }
}
