#if TLS
    import CHiredisSSL
    import HyperoCore

    /// The files of a ``TLSContext``.
    struct TLSFiles: Hashable {
        let authorities: TLSAuthorities
        let certificate: [UInt8]?
        let key: [UInt8]?
    }

    /// The latest context of OpenSSL, which is used again as long as the files are the same: the authorities of a system take OpenSSL more
    /// than ten milliseconds.
    enum TLSContextCache {
        private struct Entry {
            let settings: TLSSettings
            let files: TLSFiles
            let context: OpaquePointer
        }

        /// Held by a thread that does not fork and is in no system call that blocks. In a forked child of another thread it may be locked
        /// for ever, so that no thread waits for it.
        private static let lock = AdaptiveMutex()
        /// Protected by `lock`. It owns a reference of its context.
        private nonisolated(unsafe) static var latest: Entry?

        /// Returns a context with these files, with a reference for the caller; nil if there is none.
        static func context(of settings: TLSSettings, _ files: TLSFiles) -> OpaquePointer? {
            guard lock.tryLock() else { return nil }
            defer { lock.unlock() }
            guard let latest, latest.settings == settings, latest.files == files, SSL_CTX_up_ref(latest.context) == 1
            else { return nil }
            return latest.context
        }

        /// Keeps a context, with a reference of its own, instead of the one before.
        static func keep(_ context: OpaquePointer, of settings: TLSSettings, _ files: TLSFiles) {
            guard lock.tryLock() else { return }
            defer { lock.unlock() }
            guard SSL_CTX_up_ref(context) == 1 else { return }
            if let latest { SSL_CTX_free(latest.context) }
            latest = Entry(settings: settings, files: files, context: context)
        }
    }
#endif
