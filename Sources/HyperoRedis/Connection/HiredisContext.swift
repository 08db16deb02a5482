import CHiredis

/// The owner of a hiredis context. Frees the context, also if connecting fails halfway, with the TLS session that was given to it.
struct HiredisContext: ~Copyable {
    let pointer: UnsafeMutablePointer<redisContext>
    #if TLS
        /// The session, which hiredis frees with the context. To free it sends nothing: in a forked child the session is the parent's.
        var session: TLSSession?
    #endif

    init(pointer: UnsafeMutablePointer<redisContext>) {
        self.pointer = pointer
    }

    deinit {
        redisFree(pointer)
    }

    var socket: RedisSocket {
        #if TLS
            RedisSocket(descriptor: pointer.pointee.fd, session: session)
        #else
            RedisSocket(descriptor: pointer.pointee.fd)
        #endif
    }
}
