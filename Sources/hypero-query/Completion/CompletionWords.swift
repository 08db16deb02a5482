import ArgumentParser
import HyperoCore
import HyperoQuery
import HyperoSchema

/// The words that may replace the word at the cursor.
struct CompletionWords {
    struct Word {
        let text: String
        var description = ""
        /// True if more text may follow without a space.
        var isOpen = false
    }

    private(set) var words: [Word] = []
    private let request: CompletionRequest

    init(_ request: CompletionRequest) {
        self.request = request
        let prefix = request.prefix
        switch request.kind {
        case .subcommand:
            words = HyperoQueryCommand.subcommands.compactMap { command in
                guard command.configuration.shouldDisplay, let name = command.configuration.commandName else {
                    return nil
                }
                return Word(text: name, description: command.configuration.abstract)
            }
            if request.command == nil, !request.isAfterHelp {
                words.append(Word(text: CompletionRequest.help, description: "Show the help of a subcommand."))
            }
        case .option:
            words = request.options.map { Word(text: $0.name, description: $0.text) }
        case .words(let texts):
            words = texts.map { Word(text: $0) }
        case .battery:
            words = candidates("batteries") { store in try store.batteryCandidates() }.map(Self.word)
            // The program would take such a name as an option.
            if !request.isAfterTerminator { words.removeAll { $0.text.begins(with: "-") } }
        case .search:
            words = candidates("batteries") { store in try store.batteryCandidates() }.map(Self.word)
            if !request.isAfterTerminator { words.removeAll { $0.text.begins(with: "-") } }
            words += candidates("searches") { store in try store.searchCandidates() }.map(Self.word)
        case .version:
            words =
                battery.map { name in candidates("versions") { try $0.versionCandidates(of: name) }.map(Self.word) }
                ?? []
        case .experiment:
            words = candidates("experiments \(prefix)") {
                try $0.experimentCandidates(beginningWith: prefix, until: CompletionTimeout.searchEnd)
            }.map(Self.word)
        case .columns(let extra, let mayDescend):
            // Only the choice of columns takes patterns, and no experiments have the same last sign of life.
            let list = columns(among: ["param.", "max.", "meta."]).filter {
                extra.isEmpty || mayDescend || $0.text != "last_seen"
            }
            addList(list, extra: extra, mayDescend: mayDescend, hasPatterns: request.takesPatterns)
        case .names(let prefixes):
            var seen: Set<ExactText> = []
            let names = columns(among: prefixes).filter { column in
                prefixes.contains { column.text.begins(with: $0) }
                    && seen.insert(ExactText(column.unprefixed)).inserted
            }
            addList(
                names.map { Candidate($0.unprefixed, description: $0.isChannel ? "channel" : $0.description) },
                extra: [],
                mayDescend: false)
        case .criteria:
            let list = columns(among: ["max.", "param."]).filter {
                $0.text.begins(with: "max.") || $0.text.begins(with: "param.")
            }
            addList(
                list.flatMap {
                    [Candidate($0.text + ":max", description: $0.description), Candidate($0.text + ":min")]
                },
                extra: [], mayDescend: false)
        case .filter:
            addFilter(prefix)
            return
        case .nothing: break
        }
        words.removeAll { !$0.text.begins(with: prefix) }
    }

    private static func word(_ candidate: Candidate) -> Word {
        Word(text: candidate.text, description: candidate.description)
    }

    /// The battery that the words before the cursor name.
    private var battery: String? { request.arguments.first }

    /// Returns the columns of the battery with some prefixes, in the order of the prefixes, and those without prefix.
    private func columns(among prefixes: [String]) -> [Candidate] {
        guard let battery else { return [] }
        let all = candidates("columns") { try $0.columnCandidates(of: battery) }
        return prefixes.flatMap { prefix in all.filter { $0.text.begins(with: prefix) } }
            + all.filter { !$0.text.utf8.contains(UInt8(ascii: ".")) }
    }

    /// Adds the words for the last name of a list that is separated by commas: the columns with and without prefix, and a
    /// pattern per prefix.
    private mutating func addList(_ columns: [Candidate], extra: [String], mayDescend: Bool, hasPatterns: Bool = false)
    {
        let prefix = request.prefix
        // A comma and a combining character after it are one Character.
        let bytes = prefix.utf8
        let start = bytes.lastIndex(of: UInt8(ascii: ",")).map { bytes.index(after: $0) } ?? bytes.startIndex
        var before = String(Substring(bytes[..<start]))
        if mayDescend, bytes[start...].first == UInt8(ascii: "-") { before += "-" }
        func add(_ name: String, _ description: String) {
            // A name with a comma needs quotes within the list.
            let text = name.utf8.contains(UInt8(ascii: ",")) ? "\"\(name)\"" : name
            words.append(Word(text: before + text, description: description, isOpen: true))
        }
        for word in extra { add(word, "") }
        for column in columns where !column.unprefixed.hasSameBytes(as: column.text) {
            add(column.unprefixed, column.description)
        }
        for column in columns { add(column.text, column.description) }
        for prefix in ["param.", "max.", "meta."]
        where hasPatterns && columns.contains(where: { $0.text.begins(with: prefix) }) {
            add(prefix + "*", "all that match")
        }
        var seen: Set<ExactText> = []
        words.removeAll { !seen.insert(ExactText($0.text)).inserted }
    }

    /// Adds the words for the end of a filter. Those for a name may begin otherwise than the typed text, in a backtick.
    private mutating func addFilter(_ text: String) {
        let columns = battery.map { name in candidates("columns") { try $0.columnCandidates(of: name) } } ?? []
        words = FilterCompletion(of: text, columns: columns).words.map {
            Word(text: $0.text, description: $0.description, isOpen: $0.isOpen)
        }
    }

    /// Returns the candidates of a question, from the cache or from the server; none after a failure.
    private func candidates(_ question: String, ask: (Store) throws -> [Candidate]) -> [Candidate] {
        let url = request.values["--redis"] ?? ProcessEnvironment.value(of: "HYPERO_REDIS") ?? ""
        let namespace = request.values["--namespace"] ?? ProcessEnvironment.value(of: "HYPERO_NAMESPACE") ?? ""
        let cache = CandidateCache([
            url, namespace, request.values["--partitions"] ?? "", question, battery ?? "",
            // Other accounts may see other keys.
            ProcessEnvironment.value(of: "HYPERO_REDIS_PASSWORD") ?? "",
            ProcessEnvironment.value(of: "REDISCLI_AUTH") ?? "",
            ProcessEnvironment.value(of: "HYPERO_PARTITIONS") ?? "",
        ])
        if let found = cache?.read() { return found }
        guard
            let store = try? Store(
                request.values["--redis"], namespace: request.values["--namespace"],
                partitions: request.values["--partitions"].flatMap { Int($0) }, timeout: CompletionTimeout.reply),
            let found = try? ask(store)
        else { return [] }
        cache?.write(found)
        return found
    }
}

extension Candidate {
    /// The name without the prefix of a column.
    fileprivate var unprefixed: String {
        for prefix in ["param.", "max.", "meta.", "curve."] {
            if let rest = text.dropping(prefix: prefix), !rest.isEmpty { return rest }
        }
        return text
    }

    fileprivate var isChannel: Bool { text.begins(with: "max.") || text.begins(with: "curve.") }
}
