import Glibc
import HyperoSchema

/// The numeric addresses of a host, in the order in which the system's resolver recommends them.
///
/// hiredis tries only the first address of a name if it does not block, and a name may have addresses that do not answer, such as
/// `::1` of `localhost`.
enum HostAddresses {
    /// The largest number of addresses that are tried.
    private static let maxCount = 8

    /// Returns the addresses of a host.
    ///
    /// - Parameters:
    ///   - host: a name, or an address, which is returned as it is.
    ///   - blocking: runs the lookup, which the system does not limit in time.
    static func lookup(
        _ host: String, blocking: (() -> Void) -> Void
    ) throws(Failure) -> [String] {
        var address = in6_addr()
        guard inet_pton(AF_INET, host, &address) != 1, inet_pton(AF_INET6, host, &address) != 1 else { return [host] }
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        var code: CInt = 0
        var number: CInt = 0
        blocking {
            code = getaddrinfo(host, nil, &hints, &list)
            number = errno
        }
        guard code == 0 else {
            throw Failure(
                reason: code == EAI_SYSTEM ? String(cString: strerror(number)) : String(cString: gai_strerror(code)))
        }
        defer { freeaddrinfo(list) }
        var texts: [String] = []
        var next = list
        while let entry = next, texts.count < maxCount {
            next = entry.pointee.ai_next
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let status = getnameinfo(
                entry.pointee.ai_addr, entry.pointee.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
            guard status == 0 else { continue }
            let name = text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
            if !name.isEmpty, !texts.contains(name) { texts.append(name) }
        }
        guard !texts.isEmpty else { throw Failure(reason: "the name has no address") }
        return texts
    }

    /// A failed lookup, with its reason in words.
    struct Failure: Error {
        let reason: String
    }
}

extension RedisURL {
    /// Returns a message for each host of several ones that has no address, for example because of a typo: nothing else reports it
    /// before the other servers fail.
    ///
    /// - Parameter shouldContinue: returns false to end before the next lookup, which the system does not limit in time.
    package func unknownHosts(shouldContinue: () -> Bool = { true }) -> [String] {
        guard namesSeveral else { return [] }
        var messages: [String] = []
        for case .tcp(let host, _) in addresses where shouldContinue() {
            do {
                _ = try HostAddresses.lookup(host) { $0() }
            } catch {
                messages.append(
                    "unknown host: \(printable(host)) in \(self), \(error.reason). Correct it: the server is not used when the "
                        + "others fail")
            }
        }
        return messages
    }
}
