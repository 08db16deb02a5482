import ArgumentParser
import Glibc
import HyperoCommandLine
import HyperoCore
import HyperoQuery
import HyperoServe
import NIOCore

/// The root command.
@main
struct HyperoWebCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hypero-web",
        abstract: "Show the batteries in a browser, as they change.",
        usage: "hypero-web [<options>]",
        discussion: """
            THE ADDRESSES:
              /                 all batteries
              /battery?name=…   the page of a battery as hypero-query report writes it,
                                with the changes of running trainings
              /metrics          hypero-query status --format prometheus
              /healthz          200 if Redis answers, 503 otherwise

            The server reads Redis and changes nothing. An account that may only read is enough: hypero-ingest acl --role query. \
            It listens on this machine only, where every user can open it, unless --token names a secret.

            From another machine, forward the port with ssh, which also encrypts, or listen on all addresses with \
            --host 0.0.0.0 --token FILE, best behind a proxy with TLS. Programs send the secret as Authorization: Bearer.

            EXAMPLES:
              hypero-web
              hypero-web --redis redis://redis1:6379 --port 8300
              ssh -L 8265:localhost:8265 login-node
              hypero-web --host 0.0.0.0 --token ~/.hypero-token --host-name web.example.org
            """)

    @OptionGroup(title: "Redis") var server: ServerOptions

    @Option(parsing: .unconditional, help: .partitions(default: "the partitions are discovered"))
    var partitions: Int?

    @Option(help: ArgumentHelp("The address to listen on. Others than 127.0.0.1 need --token.", valueName: "address"))
    var host = "127.0.0.1"

    @Option(parsing: .unconditional, help: ArgumentHelp("The port, 1 to 65535, or 0 for any free one.", valueName: "n"))
    var port = 8265

    @Option(
        help: ArgumentHelp(
            "A file with the secret that requests must have. It is created with a random one if it does not exist.",
            valueName: "file"))
    var token: String?

    @Flag(help: "Listen on another address without a secret: everyone who reaches the port can read all experiments.")
    var noToken = false

    @Option(
        help: ArgumentHelp(
            "A name beside localhost by which browsers may address the server. Repeat it for several.",
            valueName: "name"))
    var hostName: [String] = []

    func validate() throws {
        guard (0...65_535).contains(port) else {
            throw ValidationError("--port must be between 0 and 65535, not \(port)")
        }
        if let name = hostName.first(where: { name in
            !name.allSatisfy { $0.isLetter || $0.isNumber || "-._".contains($0) }
        }) {
            throw ValidationError(
                "--host-name must be a name without scheme and port such as web.example.org, not '\(name)'")
        }
        if noToken, token != nil { throw ValidationError("choose --token or --no-token") }
        let isLoopback = host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." }
        guard isLoopback || host == "::1" || host == "localhost" || token != nil || noToken else {
            throw ValidationError(
                "--host \(host) lets other machines read all experiments. Add --token FILE, or --no-token if that is wanted"
            )
        }
    }

    func run() throws {
        server.warn(as: .web)
        let (redis, namespace, partitions) = (server.redis, server.namespace, partitions)
        // An error of the options is one of the start.
        _ = try Store(redis, namespace: namespace, partitions: partitions)
        var options = WebOptions(version: HyperoVersion.current) {
            try Store(redis, namespace: namespace, partitions: partitions)
        }
        (options.host, options.port, options.hostNames) = (host, port, hostName)
        options.token = try token.map(TokenFile.read)
        var signals = Self.stopSignals
        // Before the threads of the server start, which inherit the mask.
        pthread_sigmask(SIG_BLOCK, &signals, nil)
        let web: WebServer
        do {
            web = try WebServer(options)
        } catch let error as IOError {
            let reason = String(cString: strerror(error.errnoCode))
            let advice = error.errnoCode == EADDRINUSE ? ". Choose another port with --port" : ""
            throw StartError("cannot listen on \(host), port \(port): \(reason)\(advice)")
        } catch {
            throw StartError("cannot listen on \(host): the address is unknown")
        }
        let isAny = ["0.0.0.0", "::"].contains(host)
        let shown = isAny ? hostName.first ?? "localhost" : host.contains(":") ? "[\(host)]" : host
        let suffix = options.token.map { "?token=\($0)" } ?? ""
        StandardStream.output.write("http://\(shown):\(web.port)/\(suffix)\n")
        var signal: Int32 = 0
        sigwait(&signals, &signal)
        web.stop()
    }

    private static var stopSignals: sigset_t {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        return signals
    }

    static func main() {
        signal(SIGPIPE, SIG_IGN)
        do {
            guard Program.web.start() else { return }
            var command = try parseAsRoot()
            try command.run()
        } catch let error as QueryError {
            Program.web.printError(error.description)
            Glibc.exit(error.category == .invalid ? 64 : 1)
        } catch let error as StartError {
            Program.web.printError(error.message)
            Glibc.exit(1)
        } catch {
            Program.web.exit(after: error, of: Self.self)
        }
    }
}

/// A server that cannot start.
struct StartError: Error {
    let message: String

    init(_ message: String) { self.message = message }
}

extension Program {
    static let web = Program("hypero-web")
}
