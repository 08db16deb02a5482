import HyperoCore
import HyperoSchema
import NIOCore
import NIOHTTP1

/// A battery that has viewers: the latest changes, and the page.
///
/// Used on the event loop only. Each message has a number. A page has the number of the latest message before it was read, so that a
/// viewer gets all later ones, whenever it connects.
final class LiveBattery {
    /// A page that was read.
    struct Page: Sendable {
        var response: WebResponse
        /// The number of the latest message when the page was read.
        var number: Int
        var time: MonotonicTime
    }

    /// The messages that are kept for viewers that connect again.
    private static let maxKept = 256
    private static let maxKeptBytes = 8 << 20
    /// The bytes of a message above which the page is read again instead.
    private static let maxMessageBytes = 1 << 20
    /// The time after which a page without later messages is read again, because its sentences have ages.
    private static let maxAge: Duration = .seconds(60)
    /// The messages by which a viewer may be behind, after which it reads the page again.
    private static let maxBehind = 16

    /// The random text by which the numbers of this battery differ from those of an earlier start.
    let epoch: String
    private(set) var number = 0
    private var kept: [ByteBuffer] = []
    private var keptBytes = 0
    /// The number of the latest message by which pages must be read again.
    private var reloadNumber = 0
    /// The reason why there are no changes, and the time from which on; nil if there are.
    private(set) var problem: (text: String, since: Int64)?
    private var viewers: [ObjectIdentifier: EventStream] = [:]
    /// The time at which the last viewer left, or the page was asked for.
    private(set) var lastUse = MonotonicTime.now

    var page: Page?
    /// The page that is being read; nil if none is.
    var loading: EventLoopFuture<Page>?
    /// Done when the watch has begun.
    let began: EventLoopPromise<Void>
    var watcher: LiveWatcher?

    init(on loop: any EventLoop) {
        epoch = randomHex(bytes: 4)
        began = loop.makePromise()
    }

    var hasViewers: Bool { !viewers.isEmpty }

    func use() { lastUse = .now }

    /// The position of the latest message in the addresses of event streams.
    var position: String { "\(epoch)-\(number)" }

    /// Returns whether a page can be sent: later messages bring what it lacks.
    func isCurrent(_ page: Page, within age: Duration) -> Bool {
        if problem != nil { return true }
        guard page.number >= reloadNumber else { return false }
        let limit = page.number == number ? Self.maxAge : age
        return page.time + limit > .now && number - page.number < Self.maxBehind
    }

    // MARK: - Messages

    func receive(_ message: LiveWatcher.Message) {
        switch message {
        case .began: began.succeed()
        case .failed(let error): began.fail(error)
        case .rows(let json):
            if json.utf8.count > Self.maxMessageBytes {
                reload("many values have changed")
            } else {
                publish("rows", json)
            }
        case .reload(let reason): reload(reason)
        case .problem(let text, let isGone):
            problem = text.map { ($0, since: WallClock.milliseconds) }
            if isGone { page = nil }
            for viewer in viewers.values { viewer.sendProblem(problem) }
        }
    }

    private func reload(_ reason: String) {
        reloadNumber = number + 1
        publish("reload", "{\"reason\":\(JSON.quoted(reason))}")
    }

    private func publish(_ event: String, _ json: String) {
        number += 1
        kept.append(ByteBuffer(string: "event: \(event)\nid: \(position)\ndata: \(json)\n\n"))
        keptBytes += kept[kept.count - 1].readableBytes
        while kept.count > Self.maxKept || keptBytes > Self.maxKeptBytes {
            keptBytes -= kept.removeFirst().readableBytes
        }
        for viewer in viewers.values { viewer.send() }
    }

    /// Returns the messages after a number; nil if they are not kept any more, or are too many.
    ///
    /// - Parameter isFirst: true for a viewer that connects, which gets all that are kept: its page may have taken long.
    func messages(after number: Int, isFirst: Bool) -> [ByteBuffer]? {
        let count = self.number - number
        guard count >= 0, count <= (isFirst ? kept.count : min(kept.count, Self.maxBehind)) else { return nil }
        return Array(kept.suffix(count))
    }

    // MARK: - Viewers

    func add(_ viewer: EventStream) {
        viewers[ObjectIdentifier(viewer)] = viewer
        if let problem { viewer.sendProblem(problem) }
        viewer.send()
    }

    func remove(_ viewer: EventStream) {
        viewers[ObjectIdentifier(viewer)] = nil
        use()
    }

    /// Sends an event without content to each viewer, which shows both sides that the connection holds.
    func beat() { for viewer in viewers.values { viewer.beat() } }

    /// Ends the watch and the event streams.
    func stop() {
        watcher?.stop()
        watcher = nil
        began.fail(WebResponse(.serviceUnavailable, "The server ends."))
        for viewer in viewers.values { viewer.close() }
    }
}
