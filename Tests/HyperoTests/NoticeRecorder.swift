import Synchronization

/// Keeps what a client tells a person.
final class NoticeRecorder: Sendable {
    private let kept = Mutex<[String]>([])

    var notices: [String] { kept.withLock { $0 } }

    /// What to give a client as `notify`.
    var notify: @Sendable (String) -> Void {
        { sentence in self.kept.withLock { $0.append(sentence) } }
    }

    func count(containing part: String) -> Int {
        notices.count { $0.contains(part) }
    }
}
