// The functions have the names of hypero.h, which documents them.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

public import CHypero
import Glibc
import Hypero
import HyperoCore

/// Creates a client, without waiting for Redis: the background thread connects once there is an event to send.
@c @implementation
public func hypero_connect(
    _ options: UnsafePointer<hypero_options>?, _ client: UnsafeMutablePointer<OpaquePointer?>?
) -> hypero_status {
    guard let client else { return invalid("client is NULL") }
    client.pointee = nil
    var given = hypero_options()
    hypero_options_init(&given, MemoryLayout<hypero_options>.size)
    if let options {
        guard options.pointee.size >= MemoryLayout<Int>.size else {
            return invalid("the options have no size. Call hypero_options_init first")
        }
        memcpy(&given, options, min(options.pointee.size, MemoryLayout<hypero_options>.size))
    }
    guard given.partitions >= 0, given.journal_limit >= 0 else {
        return invalid("partitions and journal_limit must not be below 0")
    }
    return TextArgument.withOptional(given.url, as: "url") { url in
        TextArgument.withOptional(given.key_prefix, as: "key_prefix") { prefix in
            TextArgument.withOptional(given.resumed, as: "resumed") { resumed in
                connect(url, prefix: prefix, resuming: resumed, given, client)
            }
        }
    }
}

private func connect(
    _ url: String?, prefix: String?, resuming resumed: String?, _ options: hypero_options,
    _ client: UnsafeMutablePointer<OpaquePointer?>
) -> hypero_status {
    var onNotice: (@Sendable (String) -> Void)?
    if let call = options.notice {
        let notice = Notice(call: call, context: options.notice_context)
        onNotice = { notice($0) }
    }
    do throws(SchemaError) {
        let hypero = try Hypero.connect(
            url, namespace: prefix, partitions: options.partitions == 0 ? nil : Int(options.partitions),
            seed: options.seed?.pointee, resuming: resumed,
            journalLimit: options.journal_limit == 0 ? 256 << 20 : Int(options.journal_limit), onNotice: onNotice)
        client.pointee = ClientHandle(hypero, notify: onNotice ?? { StandardStream.error.write("hypero: \($0)\n") })
            .retained()
        return HYPERO_OK
    } catch {
        return invalid(error.description)
    }
}

/// The function that takes the client's messages.
///
/// Called by several threads, as hypero.h tells its author.
private struct Notice: @unchecked Sendable {
    let call: hypero_notice
    let context: UnsafeMutableRawPointer?

    func callAsFunction(_ message: String) {
        message.withCString { call($0, context) }
    }
}

/// The seed of this client's draws; 0 for NULL.
@c @implementation
public func hypero_client_seed(_ client: OpaquePointer?) -> UInt64 {
    guard let client else { return 0 }
    return ClientHandle.object(of: client).hypero.seed
}

/// Returns a timeout; nil if it is not a number, or below 0. A thousand years stand for infinity.
func duration(_ seconds: Double) -> Duration? {
    seconds >= 0 ? .seconds(min(seconds, 3e10)) : nil
}

/// Waits until all events logged before this call are confirmed.
@c @implementation
public func hypero_client_flush(
    _ client: OpaquePointer?, _ until: hypero_confirmation, _ seconds: Double
) -> hypero_status {
    ClientHandle.with(client) { client in
        guard let timeout = duration(seconds) else { return invalid("seconds must be 0 or above, not \(seconds)") }
        guard until == HYPERO_SENT || until == HYPERO_APPLIED else {
            return invalid("until must be HYPERO_SENT or HYPERO_APPLIED, not \(until.rawValue)")
        }
        let deadline = MonotonicTime.now + timeout
        guard !client.hypero.flushInPart(until: until == HYPERO_SENT ? .sent : .applied, timeout: timeout) else {
            return HYPERO_OK
        }
        // Only what will never be confirmed ends the wait before.
        return MonotonicTime.now < deadline
            ? failure(HYPERO_UNCONFIRMED, "the events will never be confirmed: see the client's notices and counters")
            : failure(HYPERO_TIMEOUT, "the events are not confirmed after \(seconds) s")
    }
}

/// Closes the client: rejects new events, waits until the others are sent, and ends the background thread.
@c @implementation
public func hypero_client_close(_ client: OpaquePointer?, _ seconds: Double) -> hypero_status {
    ClientHandle.with(client) { client in
        guard let timeout = duration(seconds) else { return invalid("seconds must be 0 or above, not \(seconds)") }
        return client.hypero.close(timeout: timeout)
            ? HYPERO_OK
            : failure(
                HYPERO_TIMEOUT,
                "the events are not sent after \(seconds) s: the next client on this host sends the journal")
    }
}

/// Copies the numbers of events so far.
@c @implementation
public func hypero_client_counters(
    _ client: OpaquePointer?, _ counters: UnsafeMutablePointer<hypero_counters>?, _ size: Int
) -> hypero_status {
    ClientHandle.with(client) { client in
        guard let counters else { return invalid("counters is NULL") }
        if let violation = MaximumCount.violation(size, of: "size", atMost: MaximumCount.structure) {
            return invalid(violation)
        }
        let found = client.hypero.counters
        var all = hypero_counters(
            accepted: found.accepted, sent: found.sent, applied: found.applied, dead: found.dead,
            released: found.released, adopted: found.adopted, damaged: found.damaged,
            dropped_journal_full: found.dropped.journalFull, dropped_closed: found.dropped.closed,
            dropped_ended: found.dropped.ended, dropped_invalid: found.dropped.invalid,
            deleted: found.deleted)
        memset(counters, 0, size)
        memcpy(counters, &all, min(size, MemoryLayout<hypero_counters>.size))
        return HYPERO_OK
    }
}

/// Waits until all clients of the process have sent their events, as exit() does.
@c @implementation
public func hypero_flush_at_exit() {
    Hypero.flushAtExit()
}

/// Frees the handle.
@c @implementation
public func hypero_client_free(_ client: OpaquePointer?) {
    ClientHandle.free(client)
}
