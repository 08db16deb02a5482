import CHiredis

/// The owner of a hiredis context. Frees the context, also if connecting fails halfway.
struct HiredisContext: ~Copyable {
    let pointer: UnsafeMutablePointer<redisContext>

    deinit {
        redisFree(pointer)
    }
}
