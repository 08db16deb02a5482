import Foundation
import HyperoRedis
import TestSupport
import Testing

/// The files for operators: docker-compose.yml, the units of systemd, and the alerts.
@Suite struct DeploymentFilesTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func contents(_ path: String) throws -> String {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    private static func hasProgram(_ command: String) -> Bool {
        (try? ChildProcess.run("sh", ["-c", command]).succeeded) ?? false
    }

    /// A check of the services, because a machine of a test has no container engine. It prints the check of the ingest's health
    /// and the script that makes the cluster.
    private static let composeCheck = #"""
        import re, subprocess, sys, yaml
        path, folder = sys.argv[1:]
        text = open(path).read()
        services = yaml.safe_load(text)['services']
        volumes = yaml.safe_load(text)['volumes']
        usual = {'redis', 'ingest'}
        assert {name for name, service in services.items() if not service.get('profiles')} == usual
        assert services['standby']['profiles'] == ['standby']
        cluster = {name for name, service in services.items() if service.get('profiles') == ['cluster']}
        assert cluster == {'cluster-1', 'cluster-2', 'cluster-3', 'cluster-init', 'cluster-ingest'}
        for name, service in services.items():
            assert service['logging']['options']['max-size'], name
            if name != 'cluster-init':
                assert service['healthcheck']['test'][0] == 'CMD-SHELL', name
                assert service['restart'] == 'unless-stopped', name
            for other in service.get('depends_on', {}): assert other in services, other
            for volume in service.get('volumes', []): assert volume.split(':')[0] in volumes, volume
            for part in [service.get('entrypoint'), service.get('healthcheck', {}).get('test')]:
                if part: subprocess.run(['sh', '-n'], input=part[-1].replace('$$', '$'), text=True, check=True)
        for name in ['ingest', 'standby', 'cluster-ingest']:
            for variable in ['HYPERO_NAMESPACE', 'HYPERO_PARTITIONS', 'HYPERO_REDIS_PASSWORD', 'HYPERO_DEAD_LIMIT']:
                assert variable in services[name]['environment'], (name, variable)
        assert all(services[name]['environment']['HYPERO_REDIS_CLUSTER'] == 'yes' for name in cluster - {'cluster-init', 'cluster-ingest'})
        named = set(re.findall(r'HYPERO_[A-Z_]+', text.split('\nname:')[0]))
        used = set(re.findall(r'(?:\$\{|- |^ +)(HYPERO_[A-Z_]+)(?:[:}]| *$)', text.split('\nname:')[1], re.M))
        assert used - named <= {'HYPERO_REDIS', 'HYPERO_REDIS_CLUSTER', 'HYPERO_REDIS_ACCOUNTS'}, used - named
        urls = {re.sub(r'\$\{[A-Z_]+:-(.*)\}', r'\1', service['environment']['HYPERO_REDIS']) for service in services.values() if 'HYPERO_REDIS' in service.get('environment', {})}
        open(f'{folder}/urls', 'w').write('\n'.join(sorted(urls)))
        open(f'{folder}/health', 'w').write(services['ingest']['healthcheck']['test'][1].replace('$$', '$'))
        """#

    @Test(.enabled("python3 has no yaml module") { hasProgram("python3 -c 'import yaml'") })
    func `The services of Compose have health checks and limits, and the check of an ingest finds its owner`() throws {
        let folder = try TemporaryFolder()
        let compose = Self.root.appendingPathComponent("docker-compose.yml").path
        let checked = try ChildProcess.run("python3", ["-c", Self.composeCheck, compose, folder.path])
        #expect(checked.succeeded, "\(checked.stderr)")
        let urls = try String(contentsOfFile: folder.file("urls"), encoding: .utf8).split(separator: "\n").map(
            String.init)
        #expect(urls.count == 2)
        for url in urls { #expect(throws: Never.self) { try RedisURL(url) } }
        if Self.hasProgram("docker compose version") {
            let config = try ChildProcess.run(
                "docker", ["compose", "--file", compose, "--profile", "*", "config", "--quiet"])
            #expect(config.succeeded, "\(config.stderr)")
        }
        let fixture = try CommandFixture()
        func isHealthy() throws -> Bool {
            let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
            return try ChildProcess.run(
                "sh", [folder.file("health")],
                environment: [
                    "HYPERO_REDIS": fixture.server.url, "PATH": "\(ChildProcess.productsDirectory):\(path)",
                ]
            ).succeeded
        }
        #expect(try !isHealthy())
        let ingest = try fixture.ingest()
        #expect(eventually { (try? isHealthy()) == true })
        ingest.terminate()
        _ = ingest.wait()
        #expect(try !isHealthy())
        // A partition of an earlier number is at rest without an owner, beside those of the present one.
        let id = fixture.server.cli("XADD", "{hypero}:events", "*", "event", "x")
        fixture.server.cli("HSET", "{hypero}:ingest", "cursor", id, "entries", "\(id) 1", "applied", "1")
        for tag in ["{hypero:0}", "{hypero:1}"] {
            fixture.server.cli("XADD", "\(tag):events", "*", "event", "x")
            fixture.server.cli("SET", "\(tag):ingest:lease", "node17:99")
        }
        #expect(try isHealthy())
        fixture.server.cli("DEL", "{hypero:1}:ingest:lease")
        #expect(try !isHealthy())
    }

    @Test(.enabled("systemd-analyze is not installed") { hasProgram("command -v systemd-analyze") })
    func `systemd accepts the units, and their commands have no unknown options`() throws {
        let folder = try TemporaryFolder()
        let units = Self.root.appendingPathComponent("Scripts/systemd")
        let names = try FileManager.default.contentsOfDirectory(atPath: units.path).filter { !$0.hasSuffix(".conf") }
        #expect(names.count == 10)
        var instances: [String] = []
        for name in names.sorted() {
            // The programs of the test, in place of installed ones.
            let text = try Self.contents("Scripts/systemd/\(name)")
                .replacing("/usr/local/bin/", with: ChildProcess.productsDirectory + "/")
            let user = name.hasPrefix("hypero-adopt") ? "root" : "lab"
            for file in Set([name, name.replacing("@.", with: "@\(user).")]) {
                try text.write(toFile: folder.file(file), atomically: false, encoding: .utf8)
            }
            instances.append(folder.file(name.replacing("@.", with: "@\(user).")))
            for command in text.matches(of: /ExecStart=(\S+) ?(.*)/) {
                let arguments = command.2.split(separator: " ").map { String($0).replacing("%i", with: "lab") }
                let outcome = try ChildProcess.run(String(command.1), arguments + ["--help"])
                #expect(outcome.succeeded && outcome.stdout.contains("USAGE: "), "\(name): \(outcome.stderr)")
            }
        }
        let verified = try ChildProcess.run("systemd-analyze", ["verify"] + instances, within: .seconds(60))
        let complaints = verified.stderr.split(separator: "\n").filter {
            $0.contains(folder.path) || $0.contains("hypero-")
        }
        #expect(verified.succeeded && complaints.isEmpty, "\(verified.stderr)")
    }

    @Test func `The alerts are about metrics that the commands write, and Prometheus accepts them`() throws {
        let article = try Self.contents("Sources/Hypero/Hypero.docc/Deployment.md")
        let table = try #require(article.components(separatedBy: "### Metrics and alerts\n").last)
            .components(separatedBy: "\n## ")[0]
        let alerts = table.split(separator: "\n").compactMap { line in
            line.firstMatch(of: #/^\| `([^`]+)` \| ([0-9]+[mh]) \| (.*) \|$/#).map {
                (String($0.1), String($0.2), String($0.3))
            }
        }
        #expect(alerts.count == 23)
        let server = try RedisServer(
            appendOnly: true, configuration: ["maxmemory 1gb", "min-replicas-to-write 1", "min-replicas-max-lag 5"])
        let folder = try TemporaryFolder()
        let status = try ChildProcess.run("hypero-query", ["status", "--format", "prometheus", "--redis", server.url])
        let journals = try ChildProcess.run(
            "hypero-ingest", ["journals", "--format", "prometheus", "--journal", folder.path])
        #expect(try MetricsLint.problems(in: status.stdout + journals.stdout) == [])
        // CLIENT LIST names no ingest, so that the standbys are unknown, nothing was archived, and nothing went wrong.
        let unknown = ["standbys", "unarchived_entries", "rewound_timestamp_seconds", "taken_over_timestamp_seconds"]
        let written =
            status.stdout + journals.stdout + unknown.map { "# TYPE hypero_\($0) gauge\n" }.joined()
        // The file has the same alerts as the table, in the same order.
        let rules = try Self.contents("Scripts/prometheus/hypero.rules.yml")
        var rest = rules[...]
        for (expression, time, advice) in alerts {
            for name in expression.matches(of: /hypero_[a-z_]+/) {
                #expect(written.contains("# TYPE \(name.0) "), "\(name.0)")
            }
            func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }
            let rule = """
                        expr: \(quoted(expression))
                        for: \(time)
                        annotations:
                          summary: \(quoted(advice.replacing("`", with: "")))

                """
            let range = try #require(rest.range(of: rule), "\(rule)")
            rest = rest[range.upperBound...]
        }
        #expect(rules.split(separator: "\n").count { $0.contains("- alert: Hypero") } == alerts.count)
        guard Self.hasProgram("command -v promtool") else { return }
        let file = Self.root.appendingPathComponent("Scripts/prometheus/hypero.rules.yml").path
        let checked = try ChildProcess.run("promtool", ["check", "rules", file])
        #expect(checked.succeeded, "\(checked.stdout)\(checked.stderr)")
    }
}
