extension ServerStatus {
    /// Reads what INFO answered; nil when it was not allowed.
    init(url: String, info: String?) {
        var fields: [Substring: Substring] = [:]
        for line in (info ?? "").split(whereSeparator: \.isNewline) {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...]
        }
        self.url = url
        // Valkey says a version of Redis too, for those who look for nothing else.
        version = fields["valkey_version"].map { "Valkey \($0)" } ?? fields["redis_version"].map { "Redis \($0)" }
        memory = fields["used_memory"].flatMap { Int($0) }
        maxMemory = fields["maxmemory"].flatMap { Int($0) }
        evictionPolicy = fields["maxmemory_policy"].map(String.init)
        hasAppendOnlyFile = fields["aof_enabled"].map { $0 == "1" }
    }
}
