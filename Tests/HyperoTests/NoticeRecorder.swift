import Synchronization

/// Keeps what a client tells a person.
final class NoticeRecorder: Sendable {
    private let kept = Mutex<[String]>([])

    var sentences: [String] { kept.withLock { $0 } }

    /// What to give a client as `notify`.
    var notify: @Sendable (String) -> Void {
        { sentence in self.kept.withLock { $0.append(sentence) } }
    }

    func count(containing part: String) -> Int {
        sentences.count { $0.contains(part) }
    }
}
