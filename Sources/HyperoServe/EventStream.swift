import HyperoSchema
import NIOCore
import NIOHTTP1

/// The event stream of one viewer.
///
/// Used on the event loop only. A viewer that reads too slowly gets no messages until it has taken the earlier ones, and then reads the
/// page again if it has missed many: the memory for it is bounded.
final class EventStream {
    private let channel: any Channel
    private let battery: LiveBattery
    /// The number of the latest message that was sent; nil if the viewer has data of another start of the server.
    private var sent: Int?
    private var isFirst = true

    /// - Parameter after: the position of the latest message that the viewer has, such as `ab12cd34-7`.
    init(_ channel: any Channel, of battery: LiveBattery, after: String?) {
        self.channel = channel
        self.battery = battery
        let parts = (after ?? "").split(separator: "-", omittingEmptySubsequences: false)
        sent = parts.count == 2 && parts[0] == battery.epoch ? Int(parts[1]) : nil
    }

    /// Sends what the viewer lacks, and later messages.
    func begin() { battery.add(self) }

    /// Sends the messages that the viewer does not have. Called again when the viewer has taken the earlier ones.
    func send() {
        guard channel.isWritable else { return }
        let messages = sent.flatMap { battery.messages(after: $0, isFirst: isFirst) }
        isFirst = false
        if let messages {
            guard !messages.isEmpty else { return }
            sent = battery.number
            for message in messages { write(message) }
        } else if battery.problem == nil {
            sent = battery.number
            let reason = "{\"reason\":\"the page has missed changes\"}"
            write(ByteBuffer(string: "event: reload\nid: \(battery.position)\ndata: \(reason)\n\n"))
        }
        channel.flush()
    }

    /// Sends the reason why there are no changes, with the time from which on; nil when that is over.
    func sendProblem(_ problem: (text: String, since: Int64)?) {
        let json = problem.map { "{\"text\":\(JSON.quoted($0.text)),\"since\":\($0.since)}" } ?? "{\"text\":null}"
        write(ByteBuffer(string: "event: problem\ndata: \(json)\n\n"))
        channel.flush()
        // While Redis did not answer, the viewer was not told to read the page again.
        if problem == nil { send() }
    }

    func beat() {
        guard channel.isWritable else { return }
        write(ByteBuffer(string: "event: beat\ndata: {}\n\n"))
        channel.flush()
    }

    func close() { channel.close(promise: nil) }

    func leave() { battery.remove(self) }

    private func write(_ message: ByteBuffer) {
        channel.write(HTTPServerResponsePart.body(.byteBuffer(message)), promise: nil)
    }
}
