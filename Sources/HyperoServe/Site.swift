import HyperoCore
import HyperoPage
import HyperoQuery
import NIOCore
import NIOHTTP1

/// The pages of a store.
///
/// Used on the one event loop of the server, which owns all state. The threads of the pool and of the watchers compute values, and hand
/// them to the event loop.
final class Site {
    private let options: WebOptions
    private let loop: any EventLoop
    private let pool: StorePool
    /// A thread for the question whether Redis answers, which must not wait for pages.
    private let healthPool: StorePool
    private var healthLoading: EventLoopFuture<WebResponse>?
    private var listing: (response: WebResponse, time: MonotonicTime)?
    private var listingLoading: EventLoopFuture<WebResponse>?
    private var batteries: [BatteryKey: LiveBattery] = [:]
    private var waiting = 0
    private(set) var streamCount = 0

    init(_ options: WebOptions, on loop: any EventLoop) {
        self.options = options
        self.loop = loop
        pool = StorePool(4, options.openStore)
        healthPool = StorePool(1, options.openStore)
        scheduleBeat()
    }

    func stop() {
        for battery in batteries.values { battery.stop() }
        batteries = [:]
        pool.stop()
        healthPool.stop()
    }

    private func scheduleBeat() {
        loop.assumeIsolated().scheduleTask(in: .seconds(options.limits.heartbeatSeconds)) { [weak self] in
            self?.beat()
            self?.scheduleBeat()
        }
    }

    /// Keeps the connections of viewers alive, and ends the watches of batteries that have none.
    private func beat() {
        for (key, battery) in batteries {
            battery.beat()
            guard !battery.hasViewers, battery.lastUse + .seconds(options.limits.idleSeconds) < .now else { continue }
            battery.stop()
            batteries[key] = nil
        }
    }

    // MARK: - Answers

    /// Returns the response to a request for anything but an event stream.
    func answer(_ request: WebRequest, for route: WebRoute) -> EventLoopFuture<WebResponse> {
        guard waiting < options.limits.requests else {
            return loop.makeSucceededFuture(Self.busy("Too many requests wait for Redis."))
        }
        waiting += 1
        let answer: EventLoopFuture<WebResponse> =
            switch route {
            case .listing: listingPage()
            case .battery(let key): page(of: key, known: request.knownTag)
            case .metrics: metrics()
            case .health: health()
            case .events: loop.makeFailedFuture(WebResponse(.internalServerError, "No event stream is here."))
            }
        answer.assumeIsolated().whenComplete { [self] _ in waiting -= 1 }
        return answer.flatMapErrorThrowing { error in Self.response(to: error) }
    }

    static func busy(_ sentence: String) -> WebResponse {
        WebResponse(.serviceUnavailable, sentence, headers: [("Retry-After", "2")])
    }

    static func response(to error: any Error) -> WebResponse {
        switch error {
        case let error as WebResponse: return error
        case let error as QueryError:
            let sentence = escapedText("\(error)")
            return switch error.category {
            case .notFound, .ambiguous: WebResponse(.notFound, sentence)
            case .invalid: WebResponse(.badRequest, sentence)
            case .unreachable, .refused, .denied: busy(sentence)
            }
        default: return WebResponse(.internalServerError, escapedText("\(error)"))
        }
    }

    private func listingPage() -> EventLoopFuture<WebResponse> {
        if let listing, listing.time + .milliseconds(options.limits.pageMilliseconds) > .now {
            return loop.makeSucceededFuture(listing.response)
        }
        if let listingLoading { return listingLoading }
        let version = options.version
        let loading = pool.run(on: loop) { store in
            let nonce = randomHex(bytes: 16)
            let list = try store.activities()
            let document = ListingDocument(list, nonce: nonce, version: version, now: store.clock())
            return WebResponse(page: ByteBuffer(string: document.html), policy: document.policy)
        }
        listingLoading = loading
        loading.assumeIsolated().whenComplete { [self] result in
            listingLoading = nil
            if case .success(let response) = result { listing = (response, .now) }
        }
        return loading
    }

    private func metrics() -> EventLoopFuture<WebResponse> {
        pool.run(on: loop) { store in
            let text = ByteBuffer(string: try store.status().metrics())
            return WebResponse(.ok, body: text, type: "text/plain; version=0.0.4; charset=utf-8")
        }
    }

    private func health() -> EventLoopFuture<WebResponse> {
        if let healthLoading { return healthLoading }
        let isPrivate = options.token != nil
        let loading: EventLoopFuture<WebResponse> = healthPool.run(on: loop) { store in
            try store.ping()
            return WebResponse(.ok, "ok")
        }.flatMapErrorThrowing { error in
            // The request needs no token, and the message has the address of Redis.
            throw isPrivate ? Self.busy("Redis does not answer.") : error
        }
        healthLoading = loading
        loading.assumeIsolated().whenComplete { [self] _ in healthLoading = nil }
        return loading
    }

    // MARK: - Batteries

    /// Returns the battery, whose watch begins if it has none.
    private func battery(_ key: BatteryKey) throws -> LiveBattery {
        if let battery = batteries[key] {
            battery.use()
            return battery
        }
        if batteries.count >= options.limits.batteries,
            let idle = batteries.filter({ !$0.value.hasViewers && $0.value.loading == nil }).min(by: {
                $0.value.lastUse < $1.value.lastUse
            })
        {
            idle.value.stop()
            batteries[idle.key] = nil
        }
        guard batteries.count < options.limits.batteries else {
            throw Self.busy("The server watches \(batteries.count) batteries already. Close some of their pages.")
        }
        let battery = LiveBattery(on: loop)
        let bound = NIOLoopBound(battery, eventLoop: loop)
        batteries[key] = battery
        battery.began.futureResult.assumeIsolated().whenFailure { [self] _ in
            if batteries[key] === battery { batteries[key] = nil }
            // The watcher keeps the battery.
            battery.watcher = nil
        }
        do {
            let watcher = try LiveWatcher(key, options.openStore) { [loop] message in
                loop.execute { bound.value.receive(message) }
            }
            battery.watcher = watcher
            try watcher.start()
        } catch {
            battery.began.fail(error)
        }
        return battery
    }

    private func page(of key: BatteryKey, known: String?) -> EventLoopFuture<WebResponse> {
        do {
            let battery = try battery(key)
            return battery.began.futureResult.assumeIsolated().flatMap { [self] in
                page(of: battery, key)
            }.map { page in
                let tag = "\"\(battery.epoch)-\(page.number)\""
                guard known != tag else {
                    return WebResponse(.notModified, body: ByteBuffer(), type: "text/html", headers: [("ETag", tag)])
                }
                var response = page.response
                response.headers.append(("ETag", tag))
                return response
            }.nonisolated()
        } catch {
            return loop.makeFailedFuture(error)
        }
    }

    /// Returns the page that was read last if later messages bring what it lacks, or reads it. All viewers share one read.
    private func page(of battery: LiveBattery, _ key: BatteryKey) -> EventLoopFuture<LiveBattery.Page> {
        if let page = battery.page, battery.isCurrent(page, within: .milliseconds(options.limits.pageMilliseconds)) {
            return loop.makeSucceededFuture(page)
        }
        if let loading = battery.loading { return loading }
        let (version, number) = (options.version, battery.number)
        let live = WebRoute.events(key, after: battery.position).reference
        let loading = pool.run(on: loop) { store in
            let report = try store.report(of: key.name, version: key.version)
            let document = ReportDocument(
                report, nonce: randomHex(bytes: 16), command: "", version: version, live: live)
            let response = WebResponse(page: ByteBuffer(string: document.html), policy: document.policy)
            return LiveBattery.Page(response: response, number: number, time: .now)
        }
        battery.loading = loading
        loading.assumeIsolated().whenComplete { result in
            battery.loading = nil
            if case .success(let page) = result { battery.page = page }
        }
        // While Redis hangs, no message says so yet.
        return loading.assumeIsolated().flatMapErrorThrowing { error in
            guard let page = battery.page, (error as? QueryError)?.category == .unreachable else { throw error }
            return page
        }.nonisolated()
    }

    /// Begins an event stream.
    ///
    /// - Returns: the stream, or the error of the watch that cannot begin.
    /// - Throws: the response if there are too many streams or batteries.
    func openStream(
        of key: BatteryKey, after: String?, on channel: any Channel
    ) throws(WebResponse) -> EventLoopFuture<EventStream>.Isolated {
        guard streamCount < options.limits.streams else {
            throw Self.busy("The server has \(streamCount) event streams already. Close some of its pages.")
        }
        let battery: LiveBattery
        do {
            battery = try self.battery(key)
        } catch {
            throw Self.response(to: error)
        }
        streamCount += 1
        let opening = battery.began.futureResult.assumeIsolated().map {
            EventStream(channel, of: battery, after: after)
        }
        opening.whenComplete { [self] result in
            guard case .success = result else {
                streamCount -= 1
                return
            }
            channel.closeFuture.assumeIsolated().whenComplete { [self] _ in streamCount -= 1 }
        }
        return opening
    }
}
