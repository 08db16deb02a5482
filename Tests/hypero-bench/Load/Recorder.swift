import Foundation
import Glibc
import Synchronization
import TestSupport

/// Stands between an ingest and Redis and notes what the ingest sends.
///
/// Not ``FaultyProxy``: its small buffers, there to make a line feel slow, would slow transactions down, and by that
/// make the ingest choose other batches than it does without anything between. This one passes a megabyte at a time.
final class Recorder: Sendable {
    let url: String

    private let folder: TemporaryFolder
    private let isOver = Atomic<Bool>(false)
    private let hasEnded = Atomic<Bool>(false)
    // The thread's own until it has ended.
    private nonisolated(unsafe) let recording: Recording

    init(to server: BenchServer) throws {
        folder = try TemporaryFolder()
        recording = try Recording(path: folder.file("sent"))
        url = "unix://\(folder.file("recorder.sock"))"
        let listener = try SocketAddress.unix(folder.file("recorder.sock")).listen()
        let target = SocketAddress.unix(server.socket)
        Thread.detachNewThread { [self] in
            pass(from: listener, to: target)
            hasEnded.store(true, ordering: .releasing)
        }
    }

    /// Ends, and hands out what was noted.
    func end() -> Recording {
        isOver.store(true, ordering: .releasing)
        while !hasEnded.load(ordering: .acquiring) { usleep(500) }
        return recording
    }

    private func pass(from listener: Int32, to target: SocketAddress) {
        var lines: [RecordedLine] = []
        while !isOver.load(ordering: .acquiring) {
            var waits = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
            for line in lines { waits += line.waits }
            poll(&waits, nfds_t(waits.count), 20)
            for line in lines { line.step(recording) }
            lines.removeAll(where: \.hasEnded)
            let client = accept(listener, nil, nil)
            guard client >= 0 else { continue }
            _ = fcntl(client, F_SETFL, O_NONBLOCK)
            guard let server = target.connect() else {
                close(client)
                continue
            }
            lines.append(RecordedLine(client: client, server: server, number: recording.addConnection()))
        }
        close(listener)
    }
}
