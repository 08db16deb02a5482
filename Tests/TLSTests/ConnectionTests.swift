#if TLS
    import Foundation
    import Glibc
    import HyperoRedis
    import TestSupport
    import Testing

    /// Connections by TLS to servers that work, stop, end, or are none.
    @Suite(.serialized) struct ConnectionTests {
        @Test func `Large commands and replies arrive as they are, in both directions at once`() throws {
            let server = try TLSServer()
            var connection = try server.connect()
            let large = String(repeating: "0123456789abcdef", count: 400_000)
            var writer = RESPWriter()
            for index in 0..<2_000 { writer.command("SET", "small:\(index)", "value \(index)") }
            writer.command("SET", "large", large)
            for index in 0..<2_000 { writer.command("GET", "small:\(index)") }
            writer.command("GET", "large")
            try connection.send(writer)
            for _ in 0..<2_001 {
                var reply = try connection.receive()
                #expect(try reply.string() == "OK")
            }
            for index in 0..<2_000 {
                var reply = try connection.receive()
                #expect(try reply.string() == "value \(index)")
            }
            var reply = try connection.receive()
            #expect(try reply.string() == large)
            #expect(connection.pendingReplies == 0)
            // No port for plain text.
            #expect(server.server.cli("CONFIG", "GET", "port") == "port\n0")
        }

        @Test func `At a port without TLS the message asks for it, whether the server answers, waits or ends`() throws {
            let server = try TLSServer()
            let plain = try RedisServer(appendOnly: false, tcp: true)
            let url = "rediss://127.0.0.1:\(plain.port ?? 0)?cacert=\(server.authority.certificate)"
            for _ in 0..<3 {
                let error = server.error(url, timeout: .milliseconds(200))
                #expect(error?.code == .connection)
                #expect(
                    error?.description.contains(
                        "Is this a port without TLS? Correct the port, or use redis:// for it") == true,
                    "\(String(describing: error))")
            }
            // The reverse.
            let error = server.error("redis://127.0.0.1:\(server.port)")
            #expect(error?.description.contains("If this is a port for TLS, write rediss://") == true)
        }

        @Test func `A server that has reached its number of clients is a failed connection, which is tried again`()
            throws
        {
            let server = try TLSServer()
            let kept = try server.connect()
            server.server.cli("CONFIG", "SET", "maxclients", "1")
            let error = server.error()
            #expect(error?.code == .connection)
            #expect(
                error?.description.contains("A server that has reached maxclients does the same") == true
                    || error?.description.contains("Connection reset") == true, "\(String(describing: error))")
            _ = consume kept
            #expect(eventually(within: .seconds(10)) { server.error() == nil })
        }

        @Test func `A server that stops in the handshake is given up at the timeout, or when the caller ends`() throws {
            let server = try TLSServer()
            server.server.suspend()
            defer { server.server.resume() }
            let error = server.error(timeout: .milliseconds(100))
            #expect(
                error?.description
                    == "timed out in the TLS handshake with rediss://127.0.0.1:\(server.port). Is this a port without TLS? Correct the "
                    + "port, or use redis:// for it")
            var polls = 0
            let cancelled = #expect(throws: RedisError.self) {
                _ = try server.connect {
                    polls += 1; return polls < 3
                }
            }
            #expect(cancelled?.description == "cancelled while waiting for rediss://127.0.0.1:\(server.port)")
        }

        @Test func `A server that ends does not end the process by SIGPIPE`() async {
            await #expect(processExitsWith: .success) {
                let server = try TLSServer()
                let child = Fork.child {
                    signal(SIGPIPE, SIG_DFL)
                    var descriptor: CInt = -1
                    guard var connection = try? server.connect(opened: { descriptor = $0 }) else { return false }
                    kill(server.server.pid ?? 0, SIGKILL)
                    var writer = RESPWriter()
                    writer.command("PING")
                    // The first write after the end is answered by a reset, the second one raises SIGPIPE.
                    let isSent = (try? connection.send(writer)) != nil
                    var polled = pollfd(fd: descriptor, events: 0, revents: 0)
                    guard isSent, poll(&polled, 1, 10_000) == 1 else { return false }
                    guard (try? connection.send(writer)) == nil else { return false }
                    var pending = sigset_t()
                    sigpending(&pending)
                    var mask = sigset_t()
                    pthread_sigmask(SIG_BLOCK, nil, &mask)
                    return sigismember(&pending, SIGPIPE) == 0 && sigismember(&mask, SIGPIPE) == 0
                }
                #expect(Fork.wait(for: child, seconds: 60) == 0)
            }
        }

        @Test func `A forked child that closes its copy of a connection leaves that of the parent alone`() async {
            await #expect(processExitsWith: .success) {
                let server = try TLSServer()
                var connection: RedisConnection? = try server.connect()
                for _ in 0..<3 {
                    let child = Fork.child {
                        // Frees the session of the parent, which must send nothing.
                        connection = nil
                        return true
                    }
                    #expect(Fork.wait(for: child, seconds: 60) == 0)
                    var reply = try connection?.call("PING")
                    #expect(try reply?.string() == "PONG")
                }
            }
        }

        @Test func `Bytes that are changed on the way are an error, and never a wrong reply or a crash`() throws {
            let server = try TLSServer()
            let proxy = try FlippingProxy(to: server.port)
            let url = "rediss://127.0.0.1:\(proxy.port)?cacert=\(server.authority.certificate)"
            var (failures, successes) = (0, 0)
            for _ in 0..<60 {
                do {
                    var connection = try server.connect(url, timeout: .milliseconds(500))
                    for index in 0..<20 {
                        var reply = try connection.call("ECHO", "text \(index)")
                        #expect(try reply.string() == "text \(index)")
                        successes += 1
                    }
                } catch let error as RedisError {
                    failures += 1
                    #expect([.connection, .denied].contains(error.category), "\(error)")
                }
            }
            #expect(failures > 5 && successes > 5, "\(failures) failures, \(successes) successes")
        }
    }
#endif
