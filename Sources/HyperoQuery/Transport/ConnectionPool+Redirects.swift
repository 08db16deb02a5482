import HyperoRedis
import HyperoSchema

// The redirects of a cluster.
extension ConnectionPool {
    /// Follows the redirects of commands, after all replies are read: the check of a redirect is a command of its own.
    ///
    /// Reads the replies to commands that were redirected by ASK, because their hash slot migrates.
    ///
    /// - Returns: the commands to send again.
    /// - Throws: the failure of the outcome, or of a redirect.
    func follow(_ outcome: Outcome) throws(QueryError) -> [CommandPipeline.Command] {
        var outcome = outcome
        var again: [CommandPipeline.Command] = []
        var asked: [(server: RedisURL, commands: [CommandPipeline.Command])] = []
        var checked: [CheckedRedirect: RedisError] = [:]
        for redirect in outcome.redirects where failures.partitions[redirect.command.keyspace] == nil {
            let keyspace = redirect.command.keyspace
            let moved = redirect.error.asMoved
            let key = CheckedRedirect(server: redirect.server, code: moved.code)
            let error: RedisError
            if let known = checked[key] {
                error = known.repeated(for: redirect.error)
            } else {
                do throws(RedisError) {
                    error = try connection(to: redirect.server).connection.verified(moved)
                } catch {
                    outcome.fail(fail(error, of: redirect.server, [redirect.command]))
                    continue
                }
                checked[key] = error
            }
            var topology = redirects[keyspace] ?? seedTopology
            topology.learnAddresses(of: seedTopology)
            guard topology.follow(error, from: redirect.server) else {
                outcome.fail(
                    error.category == .connection
                        ? fail(error, of: redirect.server, [redirect.command])
                        : fail(error, of: keyspace, at: redirect.server))
                continue
            }
            connect(to: &topology)
            if case .ask = redirect.error.code {
                if let index = asked.firstIndex(where: { $0.server == topology.current }) {
                    asked[index].commands.append(redirect.command)
                } else {
                    asked.append((topology.current, [redirect.command]))
                }
            } else {
                redirects[keyspace] = topology
                failures.redirected.insert(keyspace)
                again.append(redirect.command)
            }
        }
        for (server, commands) in asked { ask(commands, at: server, &outcome) }
        guard let failure = outcome.failure else { return again }
        // Replies to other pipelines would be read as those to later commands.
        started.removeAll()
        connections = connections.filter { $0.value.connection.pendingReplies == 0 }
        throw failure
    }

    private struct CheckedRedirect: Hashable {
        let server: RedisURL
        let code: RedisError.Code
    }

    /// Sends commands to the server that has some keys of a migrating hash slot already.
    private func ask(_ commands: [CommandPipeline.Command], at server: RedisURL, _ outcome: inout Outcome) {
        cost.roundTrips += 1
        do throws(RedisError) {
            try connection(to: server).ask(commands) { refusal, reply, index in
                cost.bytes += reply.byteCount
                if let error = refusal ?? reply.error, refusal != nil || !error.isOfOneCommand {
                    outcome.fail(fail(error, of: commands[index].keyspace, at: server))
                } else {
                    commands[index].readReply(&reply, server)
                }
            }
        } catch {
            let failure = fail(error, of: server, commands)
            if isInQuery { for command in commands { failures.add(failure, of: command.keyspace) } }
            outcome.fail(failure)
        }
    }

    /// Connects to the node that a redirect names, unless it is connected or has failed. The node may answer at another address than
    /// the one that it announces.
    private func connect(to topology: inout Topology) {
        let server = topology.current
        guard
            topology.redirectsToItself || connections[server] == nil && (!isInQuery || failures.servers[server] == nil)
        else { return }
        defer { seedTopology.learnAddresses(of: topology) }
        do throws(RedisError) {
            let connection = try ServerConnection(to: &topology, timeout: timeout)
            connections[connection.connection.url] = connection
        } catch {
            if isInQuery { failures.add(error, of: topology.current) }
        }
    }
}
